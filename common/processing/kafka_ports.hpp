// Kafka behind an owner's ports: one partition of a reader, one of a producer. Inside this folder
// only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/kafka/group_member.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/reader.hpp"
#include "common/processing/ports.hpp"
#include "common/runtime/metrics.hpp"

namespace foldstream::processing {

class KafkaLogSource final : public LogSource {
public:
    KafkaLogSource(kafka::Reader& reader, Partition partition)
        : reader_(reader), partition_(partition) {}
    void start(Offset offset) override { reader_.start(partition_, offset); }
    void stop() override { reader_.stop(partition_); }
    std::optional<LogRead> next() override;

private:
    kafka::Reader& reader_;
    Partition partition_;
    std::optional<kafka::Fetched> fetched_;  // what the views of the last answer point into
};

class KafkaCommandSource final : public CommandSource {
public:
    // `group` gives the committed offset to a test alone.
    KafkaCommandSource(kafka::Reader& reader, Partition partition,
                       std::unique_ptr<kafka::GroupMember>& group)
        : reader_(reader), partition_(partition), group_(group) {}
    void start(Offset offset) override { reader_.start(partition_, offset); }
    void stop() override { reader_.stop(partition_); }
    std::optional<CommandRead> next() override;
    std::optional<std::uint64_t> group_offset() override;

private:
    kafka::Reader& reader_;
    Partition partition_;
    std::unique_ptr<kafka::GroupMember>& group_;
    std::optional<kafka::Fetched> fetched_;
};

class KafkaSnapshotSource final : public SnapshotSource {
public:
    // `settings` ask where the partition ends now, for a test alone.
    KafkaSnapshotSource(kafka::Reader& reader, Partition partition, const kafka::Settings& settings)
        : reader_(reader), partition_(partition), settings_(settings) {}
    void start_at_beginning() override;
    void stop() override { reader_.stop(partition_); }
    std::optional<SnapshotRead> next() override;

private:
    kafka::Reader& reader_;
    Partition partition_;
    const kafka::Settings& settings_;
    std::optional<Offset> captured_end_;  // of a mutant
    std::optional<kafka::Fetched> fetched_;
};

class KafkaLogSink final : public LogSink {
public:
    KafkaLogSink(std::unique_ptr<kafka::Producer>& producer, std::string topic, Partition partition)
        : producer_(producer), topic_(std::move(topic)), partition_(partition) {}
    Sent send(std::string_view value, std::uint64_t tag) override;

private:
    std::unique_ptr<kafka::Producer>& producer_;  // replaced after a fatal error
    std::string topic_;
    Partition partition_;
};

class KafkaSnapshotSink final : public SnapshotSink {
public:
    KafkaSnapshotSink(std::unique_ptr<kafka::Producer>& producer, std::string topic,
                      Partition partition)
        : producer_(producer), topic_(std::move(topic)), partition_(partition) {}
    Sent send(std::string_view key, std::string_view value, std::uint64_t tag) override;

private:
    std::unique_ptr<kafka::Producer>& producer_;
    std::string topic_;
    Partition partition_;
};

// Answers to foldstream.replies alone, and only to partitions that it has: an address that a client
// chose can never name another topic. Best effort: what the producer has no room for is dropped,
// and counted.
class KafkaReplies final : public Replies {
public:
    KafkaReplies(std::unique_ptr<kafka::Producer>& producer, std::int32_t partitions,
                 runtime::Metrics& metrics);
    void reply(const v1::ReplyAddress& address, std::string_view outcome) override;

private:
    std::unique_ptr<kafka::Producer>& producer_;  // null: there is no such topic
    std::int32_t partitions_;
    prometheus::Counter& sent_;
    prometheus::Counter& dropped_;
    prometheus::Counter& nowhere_;
};

}  // namespace foldstream::processing
