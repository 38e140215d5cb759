#include "common/kafka/producer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kafka/error.hpp"
#include "tests/unit/common/kafka/mock_cluster.hpp"

namespace foldstream::kafka {

namespace {

using ::testing::HasSubstr;

struct Reported {
    std::string topic;
    Partition partition;
    std::uint64_t tag;
    bool no_error;
    std::int64_t offset;
    std::string error;
};

class ProducerOnMock : public ::testing::Test {
protected:
    void SetUp() override { cluster_.topic("t", 2); }

    Producer& make(const ProducerOptions& options = {}, Settings settings = {}) {
        settings.brokers = cluster_.settings().brokers;
        producer_.emplace(
            settings, std::vector<std::string>{"t"}, options,
            [this](const DeliveryReport& report) {
                reported_.push_back({std::string(report.topic), report.partition, report.tag,
                                     report.no_error, report.offset, report.error});
            },
            wakeup_);
        return *producer_;
    }
    bool reported(std::size_t count) {
        return eventually(wakeup_, [&] {
            producer_->poll();
            return reported_.size() >= count;
        });
    }

    MockCluster cluster_;
    Wakeup wakeup_;
    std::vector<Reported> reported_;
    std::optional<Producer> producer_;
};

}  // namespace

// librdkafka's frames lie between the report and whoever polls.
TEST_F(ProducerOnMock, throws_what_a_report_throws_where_it_is_polled) {
    Settings settings;
    settings.brokers = cluster_.settings().brokers;
    int reports = 0;
    Producer producer(
        settings, {"t"}, {},
        [&reports](const DeliveryReport&) {
            ++reports;
            throw std::runtime_error("the disk is full");
        },
        wakeup_);
    ASSERT_EQ(producer.produce("t", Partition(0), "key", "value", {}, 1), Produced::queued);
    std::string thrown;
    EXPECT_TRUE(eventually(wakeup_, [&] {
        try {
            producer.poll();
        } catch (const std::runtime_error& error) {
            thrown = error.what();
        }
        return reports > 0;
    }));
    EXPECT_EQ(thrown, "the disk is full");
}

TEST_F(ProducerOnMock, reports_each_record_with_its_tag_and_place) {
    Producer& producer = make();
    for (std::uint64_t tag = 0; tag < 20; ++tag) {
        ASSERT_EQ(producer.produce("t", Partition(1), "key", "value", {}, tag + (1ULL << 40U)),
                  Produced::queued);
    }
    ASSERT_TRUE(reported(20));
    DeliveryCheck check;
    for (std::uint64_t i = 0; i < 20; ++i) {
        EXPECT_EQ(reported_[i].topic, "t");
        EXPECT_EQ(reported_[i].partition, Partition(1));
        EXPECT_EQ(reported_[i].tag, i + (1ULL << 40U));
        EXPECT_TRUE(check.delivered(reported_[i].no_error, reported_[i].offset));
    }
}

TEST_F(ProducerOnMock, refuses_what_can_never_be_sent_and_says_why) {
    Producer& producer = make();
    std::string why;
    EXPECT_EQ(
        producer.produce("t", Partition(0), std::nullopt, std::string(2'000'000, 'x'), {}, 0, &why),
        Produced::too_large);
    EXPECT_THAT(why, HasSubstr("too large"));
    EXPECT_EQ(producer.produce("t", Partition(7), std::nullopt, "x", {}, 0, &why),
              Produced::refused);
    EXPECT_THAT(why, HasSubstr("partition 7"));
    EXPECT_TRUE(producer.fatal().empty());
    EXPECT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {}, 0), Produced::queued);
}

TEST_F(ProducerOnMock, takes_a_record_of_nearly_a_mebibyte) {
    Producer& producer = make();
    ASSERT_EQ(producer.produce("t", Partition(0), std::nullopt, std::string(1'048'000, 'x'), {}, 0),
              Produced::queued);
    ASSERT_TRUE(reported(1));
    EXPECT_TRUE(reported_[0].no_error) << reported_[0].error;
}

TEST_F(ProducerOnMock, says_full_when_its_bound_is_reached) {
    Settings settings;
    settings.extra = {{"queue.buffering.max.messages", "10"}};
    Producer& producer = make({}, settings);
    cluster_.down();
    for (int i = 0; i < 10; ++i) {
        ASSERT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {{"h", "1"}}, 0),
                  Produced::queued);
    }
    EXPECT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {{"h", "1"}}, 0),
              Produced::full);
    EXPECT_FALSE(producer.flush(50));
}

TEST_F(ProducerOnMock, reports_what_was_not_delivered_in_time_as_failed) {
    ProducerOptions options;
    options.message_timeout_ms = 500;
    Producer& producer = make(options);
    cluster_.down();
    ASSERT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {}, 5), Produced::queued);
    ASSERT_TRUE(reported(1));
    EXPECT_FALSE(reported_[0].no_error);
    EXPECT_EQ(reported_[0].tag, 5U);
    EXPECT_FALSE(reported_[0].error.empty());
    EXPECT_FALSE(DeliveryCheck().delivered(reported_[0].no_error, reported_[0].offset));
}

TEST_F(ProducerOnMock, goes_on_with_the_same_instance_after_a_failed_delivery) {
    ProducerOptions options;
    options.message_timeout_ms = 500;
    Producer& producer = make(options);
    cluster_.down();
    ASSERT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {}, 1), Produced::queued);
    ASSERT_TRUE(reported(1));
    cluster_.up();
    // The broker is back when a record gets through: until then they fail one by one.
    const bool back = eventually(wakeup_, [&] {
        const std::size_t before = reported_.size();
        (void)producer.produce("t", Partition(0), std::nullopt, "y", {}, 2);
        return reported(before + 1) && reported_.back().no_error;
    });
    EXPECT_TRUE(back);
    EXPECT_TRUE(producer.fatal().empty()) << producer.fatal();
}

TEST_F(ProducerOnMock, a_record_that_the_broker_refuses_is_reported_with_its_reason) {
    Producer& producer = make();
    cluster_.answer_with(api_produce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
    ASSERT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {}, 1), Produced::queued);
    ASSERT_TRUE(reported(1));
    EXPECT_FALSE(reported_[0].no_error);
    EXPECT_THAT(reported_[0].error, HasSubstr("size"));
    EXPECT_TRUE(producer.fatal().empty());
}

TEST_F(ProducerOnMock, an_error_that_passes_is_repeated_and_not_reported) {
    Producer& producer = make();
    cluster_.answer_with(api_produce, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 2);
    ASSERT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {}, 1), Produced::queued);
    ASSERT_TRUE(reported(1));
    EXPECT_TRUE(reported_[0].no_error) << reported_[0].error;
    EXPECT_EQ(reported_[0].offset, 0);
}

TEST_F(ProducerOnMock, a_fatal_error_is_shown) {
    cluster_.answer_with(api_init_producer_id, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, 5);
    Producer& producer = make();
    EXPECT_TRUE(eventually(wakeup_, [&] {
        producer.poll();
        return !producer.fatal().empty();
    }));
    std::string why;
    EXPECT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {}, 1, &why),
              Produced::refused);
    EXPECT_FALSE(why.empty());
}

TEST_F(ProducerOnMock, rings_when_a_report_waits) {
    Producer& producer = make();
    producer.poll();
    wakeup_.wait(std::chrono::milliseconds(0));
    ASSERT_EQ(producer.produce("t", Partition(0), std::nullopt, "x", {}, 1), Produced::queued);
    const bool came = eventually(wakeup_, [&] {
        producer.poll();
        return !reported_.empty();
    });
    EXPECT_TRUE(came);
}

TEST_F(ProducerOnMock, does_not_start_without_a_broker) {
    cluster_.down();
    ProducerOptions options;
    options.start_timeout_ms = 300;
    try {
        make(options);
        FAIL() << "there is no broker";
    } catch (const Error& error) {
        EXPECT_TRUE(error.retry());
        EXPECT_THAT(error.what(), HasSubstr("--kafka-brokers"));
    }
}

}  // namespace foldstream::kafka
