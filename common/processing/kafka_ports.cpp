#include "common/processing/kafka_ports.hpp"

#include <utility>
#include <variant>

#include "common/core/test_hooks.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

using test_hooks::Mutant;

const runtime::Logger& logger() {
    static const runtime::Logger instance("worker");
    return instance;
}

Broken broken(const kafka::PartitionError& error) {
    return {error.reason, error.out_of_range, error.transient};
}

// `view` makes the port's view of a record; everything else is the same for each source.
template <typename Read, typename View>
std::optional<Read> take(kafka::Reader& reader, Partition partition,
                         std::optional<kafka::Fetched>& fetched, const View& view) {
    fetched = reader.next(partition);
    if (!fetched) return std::nullopt;
    if (const auto* end = std::get_if<kafka::EndOfPartition>(&*fetched)) return End{end->offset};
    if (const auto* error = std::get_if<kafka::PartitionError>(&*fetched)) return broken(*error);
    return view(std::get<kafka::Record>(*fetched));
}

Sent sent(kafka::Produced produced, const std::string& why) {
    switch (produced) {
        case kafka::Produced::queued:
            return Sent::queued;
        case kafka::Produced::full:
            return Sent::full;
        case kafka::Produced::too_large:
        case kafka::Produced::refused:
            break;
    }
    logger().error("the producer refused: " + why);
    return produced == kafka::Produced::too_large ? Sent::too_large : Sent::refused;
}

}  // namespace

std::optional<LogRead> KafkaLogSource::next() {
    return take<LogRead>(reader_, partition_, fetched_, [](const kafka::Record& record) {
        return replay::LogRecord{record.offset(), record.append_time_ms(), record.value()};
    });
}

std::optional<CommandRead> KafkaCommandSource::next() {
    return take<CommandRead>(reader_, partition_, fetched_, [this](const kafka::Record& record) {
        fold::RawCommand raw;
        raw.topic = reader_.topic();
        raw.partition = record.partition();
        raw.offset = record.offset();
        raw.append_time_ms = record.append_time_ms();
        raw.key = record.key();
        raw.value = record.value();
        raw.headers = record.headers();
        return raw;
    });
}

std::optional<std::uint64_t> KafkaCommandSource::group_offset() {
    return group_ ? group_->committed(partition_) : std::nullopt;
}

void KafkaSnapshotSource::start_at_beginning() {
    if (test_hooks::mutant(Mutant::restore_to_captured_end)) {
        kafka::Admin admin(settings_);
        captured_end_ = admin.end_offsets(reader_.topic()).at(partition_);
    }
    reader_.start_at_beginning(partition_);
}

std::optional<SnapshotRead> KafkaSnapshotSource::next() {
    const auto read =
        take<SnapshotRead>(reader_, partition_, fetched_, [](const kafka::Record& record) {
            return SnapshotRecord{record.offset(), record.key().value_or(std::string_view()),
                                  record.value()};
        });
    if (!captured_end_ || !read) return read;
    const auto* record = std::get_if<SnapshotRecord>(&*read);
    if (record != nullptr && record->offset >= *captured_end_) return End{*captured_end_};
    return read;
}

Sent KafkaLogSink::send(std::string_view value, std::uint64_t tag) {
    std::string why;
    return sent(producer_->produce(topic_, partition_, std::nullopt, value, {}, tag, &why), why);
}

Sent KafkaSnapshotSink::send(std::string_view key, std::string_view value, std::uint64_t tag) {
    std::string why;
    if (value.empty()) value = {};  // no data: a tombstone
    return sent(producer_->produce(topic_, partition_, key, value, {}, tag, &why), why);
}

KafkaReplies::KafkaReplies(std::unique_ptr<kafka::Producer>& producer, std::int32_t partitions,
                           runtime::Metrics& metrics)
    : producer_(producer),
      partitions_(partitions),
      sent_(metrics.counter("foldstream_replies_total", "Answers that senders asked for, by result",
                            {{"result", "sent"}})),
      dropped_(metrics.counter("foldstream_replies_total",
                               "Answers that senders asked for, by result",
                               {{"result", "dropped"}})),
      nowhere_(metrics.counter("foldstream_replies_total",
                               "Answers that senders asked for, by result",
                               {{"result", "nowhere"}})) {}

void KafkaReplies::reply(const v1::ReplyAddress& address, std::string_view outcome) {
    if (!producer_ || address.partition() < 0 || address.partition() >= partitions_) {
        nowhere_.Increment();
        return;
    }
    const auto produced =
        producer_->produce(std::string(kafka::replies_topic), Partition(address.partition()),
                           address.instance(), outcome, {}, 0);
    (produced == kafka::Produced::queued ? sent_ : dropped_).Increment();
}

}  // namespace foldstream::processing
