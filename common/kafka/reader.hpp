// Reads single partitions from explicit offsets, each with a queue of its own: back-pressure is not
// to ask a partition for more. (The group consumer's pause and seek lose offsets in
// librdkafka 2.0.2; a GroupMember gives the assignment, a Reader does the reading.)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/core/ids.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/statistics.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::kafka {

// A record, owned. The views live as long as it does. Move-only. It must be gone before its Reader
// is (librdkafka frees them together); one from fetch_one stands alone.
class Record {
public:
    Record(Record&&) noexcept;
    Record& operator=(Record&&) noexcept;
    ~Record();

    [[nodiscard]] Partition partition() const;
    [[nodiscard]] Offset offset() const;
    [[nodiscard]] std::int64_t append_time_ms() const;
    [[nodiscard]] std::optional<std::string_view> key() const;
    [[nodiscard]] std::string_view value() const;
    [[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> headers() const;

private:
    friend class Reader;
    friend struct SingleFetch;
    explicit Record(void* message) : message_(message) {}
    void* message_;
    std::shared_ptr<void> keeps_;  // shared: type-erased; the client of a record from fetch_one
};

// The end of the partition was reached; `offset` is the next one to come.
struct EndOfPartition {
    Offset offset;
};

// An error event of this partition: for a log or a commands topic always a reason to stop it,
// unless it passes by itself (`transient`: the client goes on by itself, nothing was skipped).
// Behind one that is not transient the partition is stopped, so that nothing can be skipped: only
// start() goes on.
struct PartitionError {
    std::string reason;
    bool out_of_range = false;  // the offset asked for is not (or no longer) there
    bool transient = false;
};

using Fetched = std::variant<Record, EndOfPartition, PartitionError>;

struct ReaderOptions {
    bool read_committed = false;
    // Bound of what is fetched ahead for each partition.
    std::uint32_t queued_kbytes = 16 * 1024;
    std::uint32_t fetch_wait_max_ms = 10;
    // How often watermarks() and reachable() are told anew; 0 = never.
    std::uint32_t statistics_interval_ms = 0;
};

// One thread. Rings `wakeup` when a started partition that had nothing to fetch has something:
// before you wait, call next() until it gives nothing, or remember that you left something there.
// auto.offset.reset=error, check.crcs=true, partition.eof on, no group.
class Reader {
public:
    Reader(const Settings& settings, std::string topic, const ReaderOptions& options,
           Wakeup& wakeup);
    ~Reader();

    // Starts (or restarts elsewhere) at an offset. Throws kafka::Error.
    void start(Partition partition, Offset offset);
    // At the first record that is still there.
    void start_at_beginning(Partition partition);
    // What was fetched ahead is thrown away. Nothing happens when it was not started.
    void stop(Partition partition);
    // Never blocks. Nothing: none there at the moment.
    std::optional<Fetched> next(Partition partition);
    // Takes in what librdkafka tells beside records: statistics, errors. next() does it, too, where
    // a partition has nothing; call it once a loop where statistics are on, or they pile up
    // meanwhile.
    void serve();
    // As last told since the partition was started, where all that could be read was given.
    // Nothing: not started, not at its end, or not told yet.
    [[nodiscard]] std::optional<Watermarks> watermarks(Partition partition) const;
    // Whether there was a connection to any broker when it was last told; true before that.
    [[nodiscard]] bool reachable() const;
    [[nodiscard]] const std::string& topic() const;

private:
    void start_at(Partition partition, std::int64_t offset);
    PartitionError ended_by(Partition partition, int code, const std::string& reason);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// One record at exactly this offset, or nothing when there is none (deleted, beyond the end, a
// control record). Blocks up to `timeout_ms`; throws kafka::Error when the broker does not answer.
// For tools and probes, not for loops.
std::optional<Record> fetch_one(const Settings& settings, const std::string& topic,
                                Partition partition, Offset offset, int timeout_ms);

}  // namespace foldstream::kafka
