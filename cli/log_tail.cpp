#include "cli/log_tail.hpp"

#include <utility>

#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::cli {

namespace {

// foldctl looks at what it reads at once: little is fetched ahead.
constexpr std::uint32_t queued_kbytes = 4 * 1024;
constexpr std::chrono::milliseconds nap{100};
constexpr std::chrono::seconds silence_limit{10};

}  // namespace

LogTail::LogTail(const kafka::Settings& settings, const std::string& domain)
    : domain_(domain),
      brokers_(settings.brokers),
      reader_(settings, kafka::events_topic(domain), kafka::ReaderOptions{false, queued_kbytes, 10},
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

void LogTail::read_to_end(Partition partition, const OnItem& on_item, Progress* progress) {
    read(
        partition, [&] { return at_end(partition); }, on_item, progress);
    const replay::LogReader& reader = log(partition);
    const Offset opened = reader.position().offset;
    if (opened.value >= 0 && at_end(partition) && reader.begin() == opened) {
        throw kafka::Error("the log " + kafka::events_topic(domain_) + " partition " +
                               std::to_string(partition.value) + " ends before the record at " +
                               "offset " + std::to_string(opened.value) +
                               ", which was read once: it was recreated, cut or restored",
                           false);
    }
}

void LogTail::read_past(Partition partition, Offset offset, const OnItem& on_item) {
    read(
        partition, [&] { return log(partition).seen_offset() > offset; }, on_item, nullptr);
}

void LogTail::read(Partition partition, const std::function<bool()>& done, const OnItem& on_item,
                   Progress* progress) {
    using Clock = std::chrono::steady_clock;
    auto deadline = Clock::now() + silence_limit;
    for (;;) {
        while (const auto item = next(partition)) {
            deadline = Clock::now() + silence_limit;
            throw_if_stopped(domain_, partition, *item);
            if (progress != nullptr) progress->at(item->record.offset().value);
            if (on_item && !on_item(*item)) return;
        }
        if (done()) return;
        if (Clock::now() > deadline) {
            throw kafka::Error("Kafka gives nothing of the log " + kafka::events_topic(domain_) +
                                   " partition " + std::to_string(partition.value) +
                                   " (brokers: " + brokers_ + ")",
                               true);
        }
        wait(nap);
    }
}

void throw_if_stopped(const std::string& domain, Partition partition, const LogTail::Item& item) {
    const auto* stop = std::get_if<replay::Stop>(&item.result);
    if (stop == nullptr) return;
    throw kafka::Error("cannot read the log on: " + stop_sentence(domain, partition, *stop), false);
}

std::string stop_sentence(const std::string& domain, Partition partition,
                          const replay::Stop& stop) {
    return kafka::events_topic(domain) + " partition " + std::to_string(partition.value) +
           ", offset " + std::to_string(stop.offset.value) + ": " + stop.reason;
}

}  // namespace foldstream::cli
