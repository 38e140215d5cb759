#include "cli/log_tail.hpp"

#include <utility>

#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::cli {

namespace {

// foldctl looks at what it reads at once: little is fetched ahead.
constexpr std::uint32_t queued_kbytes = 4 * 1024;

}  // namespace

LogTail::LogTail(const kafka::Settings& settings, const std::string& domain)
    : reader_(settings, kafka::events_topic(domain), kafka::ReaderOptions{false, queued_kbytes, 10},
              wakeup_) {}

void LogTail::open(Partition partition, const LogStart& start) {
    const auto [part, made] = parts_.insert_or_assign(
        partition, Part{replay::LogReader(start.position, start.next_offset), false});
    reader_.start(partition, part->second.log.begin());
}

std::optional<LogTail::Item> LogTail::next(Partition partition) {
    Part& part = parts_.at(partition);
    if (part.log.stopped()) return std::nullopt;
    while (auto fetched = reader_.next(partition)) {
        if (auto* record = std::get_if<kafka::Record>(&*fetched)) {
            part.at_end = false;
            replay::ReadResult result =
                part.log.feed({record->offset(), record->append_time_ms(), record->value()});
            return Item{std::move(*record), std::move(result)};
        }
        if (std::holds_alternative<kafka::EndOfPartition>(*fetched)) {
            part.at_end = true;
            continue;
        }
        const auto& error = std::get<kafka::PartitionError>(*fetched);
        if (error.transient) continue;
        std::string text = "cannot read the log: " + error.reason;
        if (error.out_of_range) {
            text +=
                "; its beginning was deleted, or it was recreated: retention.ms and "
                "retention.bytes of the log must be -1 (foldctl topics list)";
        }
        throw kafka::Error(text, false);
    }
    return std::nullopt;
}

std::string stop_sentence(const std::string& domain, Partition partition,
                          const replay::Stop& stop) {
    return kafka::events_topic(domain) + " partition " + std::to_string(partition.value) +
           ", offset " + std::to_string(stop.offset.value) + ": " + stop.reason;
}

}  // namespace foldstream::cli
