#include "common/runtime/lifecycle.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace foldstream::runtime {
namespace {

using std::chrono::milliseconds;

// What a drain that never comes to its end does meanwhile.
void hang() {
    for (;;) pause();
}

TEST(OpenFiles, are_allowed_as_far_as_the_process_may) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit low = before;
    low.rlim_cur = 100;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(allow_open_files(50), 100U);
    EXPECT_EQ(allow_open_files(200), 200U);
    EXPECT_EQ(allow_open_files(before.rlim_max + std::size_t{1}), before.rlim_max);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(Signals, end_the_wait_when_one_comes) {
    Signals signals;
    kill(getpid(), SIGTERM);
    signals.wait_for_drain();
    EXPECT_TRUE(signals.draining());
}

TEST(Signals, end_the_wait_when_a_loop_asks_however_often) {
    Signals signals;
    std::thread loop([&] {
        signals.request_drain();
        signals.request_drain();
    });
    signals.wait_for_drain();
    EXPECT_TRUE(signals.draining());
    loop.join();
    signals.request_drain();
}

TEST(SignalsDeathTest, end_the_process_when_the_drain_takes_too_long) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            Signals signals(milliseconds(50));
            signals.request_drain();
            signals.wait_for_drain();
            hang();
        },
        testing::ExitedWithCode(1), "took too long");
}

TEST(SignalsDeathTest, end_the_process_at_once_when_a_second_one_comes) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            Signals signals(std::chrono::hours(1));
            kill(getpid(), SIGTERM);
            signals.wait_for_drain();
            kill(getpid(), SIGINT);
            hang();
        },
        testing::ExitedWithCode(1), "second signal");
}

TEST(Health, is_fine_without_checks_and_names_the_one_that_is_not) {
    Health health;
    EXPECT_EQ(health.alive(), std::make_pair(true, std::string(R"({"status":"ok","checks":{}})")));
    health.alive("loop", [] { return std::string(); });
    EXPECT_TRUE(health.alive().first);
    health.alive("other", [] { return std::string("stands for 31 s"); });
    EXPECT_EQ(
        health.alive(),
        std::make_pair(
            false, std::string(
                       R"({"status":"failed","checks":{"loop":"ok","other":"stands for 31 s"}})")));
    EXPECT_TRUE(health.ready().first);
}

TEST(Health, takes_a_check_that_throws_for_one_that_fails) {
    Health health;
    health.ready("db", []() -> std::string { throw std::runtime_error("gone"); });
    const auto [fine, body] = health.ready();
    EXPECT_FALSE(fine);
    EXPECT_NE(body.find("gone"), std::string::npos);
}

}  // namespace
}  // namespace foldstream::runtime
