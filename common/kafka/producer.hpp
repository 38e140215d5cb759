// An idempotent producer, made at start and kept. Whether something was delivered is decided here,
// once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/ids.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::kafka {

// Delivered = no error, an offset >= 0, and offsets rising in the order of production of a session
// (librdkafka can report a record as delivered that never arrived: then the offset is -1001).
// Keeps the last offset of one partition's session. Pure.
class DeliveryCheck {
public:
    [[nodiscard]] bool delivered(bool no_error, std::int64_t offset);
    void new_session() { last_ = -1; }

private:
    std::int64_t last_ = -1;
};

struct DeliveryReport {
    std::string_view topic;
    Partition partition;
    std::uint64_t tag = 0;  // as given to produce
    bool no_error = false;
    std::int64_t offset = -1001;  // as reported: judge it with DeliveryCheck
    std::string error;
    bool never = false;  // the broker will never take this record (too large, its time …)
};

struct ProducerOptions {
    std::uint32_t linger_ms = 0;
    std::uint32_t message_timeout_ms = 60'000;
    std::string compression = "lz4";
    std::uint32_t start_timeout_ms = 10'000;  // to find the broker and the topics
};

enum class Produced {
    queued,
    full,       // the local queue is full: poll and try again
    too_large,  // the record can never be sent as it is
    refused,    // says nothing about the record: a fatal error, an unknown partition …
};

// produce and poll from one thread. `report` is called inside poll(). Rings `wakeup` when reports
// wait.
class Producer {
public:
    using Report = std::function<void(const DeliveryReport&)>;

    // Asks for the metadata of `topics` so that the first record does not stall. Throws
    // kafka::Error when the broker cannot be reached within start_timeout_ms, or a topic is not
    // there.
    Producer(const Settings& settings, const std::vector<std::string>& topics,
             const ProducerOptions& options, Report report, Wakeup& wakeup);
    // Does not wait for what is queued: use flush() before.
    ~Producer();

    // Copies key and value; a value without data (std::string_view{}) is a tombstone. `why`
    // (optional) gets a sentence when refused.
    Produced produce(const std::string& topic, Partition partition,
                     std::optional<std::string_view> key, std::string_view value,
                     const std::vector<std::pair<std::string, std::string>>& headers,
                     std::uint64_t tag, std::string* why = nullptr);
    void poll();
    // Waits until everything is reported, at most so long. True when it is.
    bool flush(int timeout_ms);
    // Not empty: the instance is beyond use and must be replaced (after claiming anew).
    [[nodiscard]] const std::string& fatal() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldstream::kafka
