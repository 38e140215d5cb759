#include "common/kafka/producer.hpp"

#include <gmock/gmock.h>

#include "common/kafka/error.hpp"
#include "tests/contract/common/kafka/broker.hpp"

namespace foldstream::kafka {

using ProducerContract = BrokerTest;

TEST_F(ProducerContract, proves_every_record_delivered_in_order) {
    const std::string name = topic(1);
    DeliveryCheck check;
    std::uint64_t proved = 0;
    std::uint64_t due = 0;
    Producer producer(
        settings_, {name}, ProducerOptions{},
        [&](const DeliveryReport& report) {
            EXPECT_EQ(report.tag, due++);
            proved += check.delivered(report.no_error, report.offset) ? 1U : 0U;
        },
        wakeup_);
    constexpr std::uint64_t count = 20'000;
    for (std::uint64_t i = 0; i < count; ++i) {
        ASSERT_EQ(producer.produce(name, Partition(0), std::nullopt, "value", {}, i),
                  Produced::queued);
    }
    EXPECT_TRUE(producer.flush(30'000));
    EXPECT_EQ(proved, count);
}

TEST_F(ProducerContract, a_topic_that_does_not_exist_is_an_error_and_is_not_created) {
    const std::string name = random_name("absent");
    try {
        const Producer producer(
            settings_, {name}, ProducerOptions{}, [](const DeliveryReport&) {}, wakeup_);
        FAIL() << "there is no such topic";
    } catch (const Error& error) {
        EXPECT_FALSE(error.retry());
        EXPECT_THAT(error.what(), ::testing::HasSubstr("foldctl topics apply"));
    }
    EXPECT_FALSE(Admin(settings_).partitions(name).has_value());
}

TEST_F(ProducerContract, what_the_topic_finds_too_large_is_reported_and_the_next_goes_through) {
    const std::string name = topic(1, {{"max.message.bytes", "2000"}});
    std::vector<std::pair<bool, std::int64_t>> reports;
    ProducerOptions options;
    options.compression = "none";
    Producer producer(
        settings_, {name}, options,
        [&](const DeliveryReport& report) { reports.emplace_back(report.no_error, report.offset); },
        wakeup_);
    const auto send = [&](std::size_t size) {
        const std::size_t before = reports.size();
        ASSERT_EQ(producer.produce(name, Partition(0), std::nullopt, std::string(size, 'x'), {}, 0),
                  Produced::queued);
        ASSERT_TRUE(eventually([&] {
            producer.poll();
            return reports.size() > before;
        }));
    };
    send(5'000);
    send(500);
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_FALSE(reports[0].first);
    EXPECT_TRUE(reports[1].first);
    EXPECT_EQ(reports[1].second, 0);
    EXPECT_TRUE(producer.fatal().empty()) << producer.fatal();
}

TEST_F(ProducerContract, a_record_of_nearly_a_mebibyte_fits_the_platforms_topics) {
    const std::string name = topic(1, {{"max.message.bytes", "1048576"}});
    int delivered = 0;
    std::string incompressible(1'040'000, '\0');
    SeededRandom random(7);
    random.fill(std::as_writable_bytes(std::span(incompressible)));
    Producer producer(
        settings_, {name}, ProducerOptions{},
        [&](const DeliveryReport& report) {
            EXPECT_TRUE(report.no_error) << report.error;
            ++delivered;
        },
        wakeup_);
    // Alone, and followed by more than fits the same batch.
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(producer.produce(name, Partition(0), std::nullopt, incompressible, {}, 0),
                  Produced::queued);
        ASSERT_EQ(producer.produce(name, Partition(0), std::nullopt,
                                   std::string_view(incompressible).substr(0, 500'000), {}, 0),
                  Produced::queued);
    }
    EXPECT_TRUE(producer.flush(30'000));
    EXPECT_EQ(delivered, 10);
}

}  // namespace foldstream::kafka
