#include <gtest/gtest.h>

#include <cstdlib>

#include "common/codec/frame.hpp"
#include "common/core/random.hpp"
#include "common/core/uuid.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/topics.hpp"
#include "query-service/pollers.hpp"

namespace foldstream::query {
namespace {

kafka::Settings broker() {
    const char* brokers = std::getenv("FOLDSTREAM_KAFKA_BROKERS");
    if (brokers == nullptr) {
        throw std::runtime_error("this test needs a real Kafka: set FOLDSTREAM_KAFKA_BROKERS");
    }
    kafka::Settings settings;
    settings.brokers = brokers;
    return settings;
}

class LogEndsOnKafka : public ::testing::Test {
protected:
    LogEndsOnKafka() {
        KernelRandom random;
        domain_ = "ends-" + Uuid::random(random).text().substr(0, 8);
        kafka::TopicSpec spec;
        spec.name = kafka::events_topic(domain_);
        spec.partitions = 2;
        spec.config = {{"message.timestamp.type", "LogAppendTime"}};
        kafka::Admin(broker()).create(spec);
    }
    void append(Partition partition, const std::string& value) {
        kafka::Wakeup wakeup;
        bool delivered = false;
        kafka::Producer producer(
            broker(), {kafka::events_topic(domain_)}, {},
            [&](const kafka::DeliveryReport& report) { delivered = report.no_error; }, wakeup);
        EXPECT_EQ(
            producer.produce(kafka::events_topic(domain_), partition, std::nullopt, value, {}, 0),
            kafka::Produced::queued);
        EXPECT_TRUE(producer.flush(10'000));
        EXPECT_TRUE(delivered);
    }

    std::string domain_;
};

TEST_F(LogEndsOnKafka, are_the_offsets_behind_the_last_records) {
    append(Partition(1), codec::claim_record(Epoch(1), "x"));
    const auto logs = kafka_log_ends(broker());
    const std::map<Partition, Offset> wanted{{Partition(0), Offset(0)}, {Partition(1), Offset(1)}};
    EXPECT_EQ(logs->ends(domain_), wanted);
    append(Partition(1), "junk");
    EXPECT_EQ(logs->ends(domain_).at(Partition(1)), Offset(2));
}

TEST_F(LogEndsOnKafka, show_a_records_time_and_its_last_sequence) {
    const std::int64_t before = SystemClock().wall_ms();
    append(Partition(0), codec::claim_record(Epoch(1), "x"));
    append(Partition(0), codec::entries_record(Epoch(1), Sequence(5), RecordId(0), 3, "body"));
    const auto logs = kafka_log_ends(broker());
    const auto claim = logs->look(domain_, Partition(0), Offset(0));
    ASSERT_TRUE(claim);
    EXPECT_GE(claim->append_time_ms, before - 1'000);
    EXPECT_EQ(claim->last, std::nullopt);
    EXPECT_EQ(logs->look(domain_, Partition(0), Offset(1))->last, Sequence(7));
    EXPECT_FALSE(logs->look(domain_, Partition(0), Offset(2)));
}

}  // namespace
}  // namespace foldstream::query
