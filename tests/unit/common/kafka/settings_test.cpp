#include "common/kafka/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/log_sink.hpp"
#include "tests/unit/common/kafka/mock_cluster.hpp"

namespace foldstream::kafka {

namespace {

using ::testing::HasSubstr;

std::string refusal(const Settings& settings) {
    try {
        const Admin admin(settings);
    } catch (const SettingError& error) {
        EXPECT_FALSE(error.retry());
        return error.what();
    }
    return "taken";
}

}  // namespace

TEST(Settings, an_unknown_setting_is_an_error_that_names_it) {
    Settings settings;
    settings.extra = {{"fetch.wait.max.msec", "5"}};
    EXPECT_THAT(refusal(settings), HasSubstr("fetch.wait.max.msec"));
}

TEST(Settings, a_value_that_does_not_fit_is_an_error_that_names_the_setting) {
    Settings settings;
    settings.extra = {{"socket.timeout.ms", "soon"}};
    EXPECT_THAT(refusal(settings), HasSubstr("socket.timeout.ms"));
}

TEST(Settings, an_operators_setting_wins_over_the_programs) {
    MockCluster cluster;
    cluster.topic("t", 1);
    Settings settings = cluster.settings();
    settings.extra = {{"message.max.bytes", "2000"}, {"message.max.bytes", "1000"}};
    Wakeup wakeup;
    Producer producer(
        settings, {"t"}, ProducerOptions{}, [](const DeliveryReport&) {}, wakeup);
    EXPECT_EQ(producer.produce("t", Partition(0), std::nullopt, std::string(1500, 'x'), {}, 0),
              Produced::too_large);
    EXPECT_EQ(producer.produce("t", Partition(0), std::nullopt, std::string(500, 'x'), {}, 0),
              Produced::queued);
}

TEST(Settings, an_operators_broker_list_wins_over_the_programs) {
    MockCluster cluster;
    Settings settings;
    settings.brokers = "127.0.0.1:1";
    settings.extra = {{"bootstrap.servers", cluster.settings().brokers}};
    Admin admin(settings);
    EXPECT_EQ(admin.brokers(), 1);
}

TEST(Settings, a_cluster_in_memory_can_be_asked_for) {
    Settings settings;
    settings.extra = {{"test.mock.num.brokers", "3"}};
    Admin admin(settings);
    EXPECT_EQ(admin.brokers(), 3);
}

TEST(LineSink, gets_what_the_client_says) {
    std::mutex mutex;
    std::string said;
    set_log_sink([&](int, std::string_view facility, std::string_view text) {
        const std::lock_guard lock(mutex);
        said += std::string(facility) + ": " + std::string(text) + "\n";
    });
    {
        Settings settings;
        settings.extra = {{"acks", "all"}};  // a producer's setting given to a consumer: a warning
        const Admin admin(settings);
    }
    set_log_sink({});
    const std::lock_guard lock(mutex);
    EXPECT_THAT(said, HasSubstr("acks"));
}

}  // namespace foldstream::kafka
