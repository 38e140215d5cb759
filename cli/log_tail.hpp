// The log of a domain, read by foldctl: validity and bodies, partition by partition.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "cli/progress.hpp"
#include "common/core/ids.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"
#include "common/replay/log_reader.hpp"

namespace foldstream::cli {

// Where to begin, and the next_offset of its entry; the default is the log's start.
struct LogStart {
    replay::Position position;
    std::uint64_t next_offset = 0;
};

// One thread. An item must be gone before the tail is.
class LogTail {
public:
    struct Item {
        kafka::Record record;
        replay::ReadResult result;
    };

    LogTail(const kafka::Settings& settings, const std::string& domain);

    void open(Partition partition, const LogStart& start = {});

    // Never blocks; nothing: none there at the moment. After an item with a Stop there is nothing
    // more. Throws kafka::Error when the partition cannot be read on.
    std::optional<Item> next(Partition partition);
    void wait(std::chrono::milliseconds at_most) { wakeup_.wait(at_most); }

    // What a record is given to; false: no more is wanted.
    using OnItem = std::function<bool(const Item&)>;
    // Gives everything up to the partition's end, as it is when it is reached. `progress` hears of
    // the offsets. Throws kafka::Error also when a record stops every reader, when the log does not
    // have the position that it was opened at, and when Kafka gives nothing for 10 s.
    void read_to_end(Partition partition, const OnItem& on_item = {}, Progress* progress = nullptr);
    // The same, up to the record at this offset, which was delivered already.
    void read_past(Partition partition, Offset offset, const OnItem& on_item);

    // Everything that was there when it was looked at last has been given.
    [[nodiscard]] bool at_end(Partition partition) const { return parts_.at(partition).at_end; }
    [[nodiscard]] const replay::LogReader& log(Partition partition) const {
        return parts_.at(partition).log;
    }

private:
    struct Part {
        replay::LogReader log;
        bool at_end = false;
    };

    void read(Partition partition, const std::function<bool()>& done, const OnItem& on_item,
              Progress* progress);

    std::string domain_;
    std::string brokers_;
    kafka::Wakeup wakeup_;
    kafka::Reader reader_;
    std::map<Partition, Part> parts_;
};

// Throws kafka::Error when the item is one behind which nobody can read on.
void throw_if_stopped(const std::string& domain, Partition partition, const LogTail::Item& item);

// "orders.events partition 3, offset 17: <reason>"
std::string stop_sentence(const std::string& domain, Partition partition, const replay::Stop& stop);

}  // namespace foldstream::cli
