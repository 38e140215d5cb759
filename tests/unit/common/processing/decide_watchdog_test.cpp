#include "common/processing/decide_watchdog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <new>
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
    const DecideScope deciding(&watchdog, Partition(3), Offset(42));
    auto said = told.get_future();
    ASSERT_EQ(said.wait_for(20s), std::future_status::ready);
    const std::string what = said.get();
    EXPECT_NE(what.find("orders partition 3"), std::string::npos);
    EXPECT_NE(what.find("offset 42"), std::string::npos);
}

TEST(DecideWatchdog, is_silent_while_commands_come_and_go) {
    std::atomic<bool> told = false;
    std::atomic<int> looks = 0;
    {
        DecideWatchdog watchdog("orders", 40ms, [&](const std::string&) { told = true; });
        const auto until = std::chrono::steady_clock::now() + 200ms;
        for (int i = 0; std::chrono::steady_clock::now() < until; ++i) {
            const DecideScope deciding(&watchdog, Partition(0), Offset(i));
            ++looks;
        }
    }
    EXPECT_FALSE(told);
    EXPECT_GT(looks, 100);
}

class Counting final : public DecideWatch {
public:
    int deciding = 0;

private:
    void begins(Partition /*partition*/, Offset /*command*/) override { ++deciding; }
    void ends() override { --deciding; }
};

TEST(DecideScope, ends_with_an_exception_too) {
    Counting watch;
    try {
        const DecideScope deciding(&watch, Partition(0), Offset(0));
        EXPECT_EQ(watch.deciding, 1);
        throw std::bad_alloc();
    } catch (const std::bad_alloc&) {
        EXPECT_EQ(watch.deciding, 0);
    }
    const DecideScope unwatched(nullptr, Partition(0), Offset(0));
}

}  // namespace
}  // namespace foldstream::processing
