#include "common/processing/decide_watchdog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>

namespace foldstream::processing {
namespace {

using namespace std::chrono_literals;

TEST(DecideWatchdog, tells_of_a_command_that_is_decided_for_longer_than_its_budget) {
    std::promise<std::string> told;
    bool once = false;
    DecideWatchdog watchdog("orders", 20ms, [&](const std::string& what) {
        if (!once) told.set_value(what);
        once = true;
    });
    watchdog.begins(Partition(3), Offset(42));
    auto said = told.get_future();
    ASSERT_EQ(said.wait_for(20s), std::future_status::ready);
    const std::string what = said.get();
    EXPECT_NE(what.find("orders partition 3"), std::string::npos);
    EXPECT_NE(what.find("offset 42"), std::string::npos);
    watchdog.ends();
}

TEST(DecideWatchdog, is_silent_while_commands_come_and_go) {
    std::atomic<bool> told = false;
    std::atomic<int> looks = 0;
    {
        DecideWatchdog watchdog("orders", 40ms, [&](const std::string&) { told = true; });
        const auto until = std::chrono::steady_clock::now() + 200ms;
        for (int i = 0; std::chrono::steady_clock::now() < until; ++i) {
            watchdog.begins(Partition(0), Offset(i));
            watchdog.ends();
            ++looks;
        }
    }
    EXPECT_FALSE(told);
    EXPECT_GT(looks, 100);
}

}  // namespace
}  // namespace foldstream::processing
