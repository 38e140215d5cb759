#include "common/kafka/wakeup.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace foldstream::kafka {

namespace {

std::chrono::milliseconds time_of_wait(Wakeup& wakeup, std::chrono::milliseconds at_most) {
    const auto begin = std::chrono::steady_clock::now();
    wakeup.wait(at_most);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begin);
}

}  // namespace

TEST(Wakeup, a_ring_before_the_wait_is_not_lost) {
    Wakeup wakeup;
    wakeup.ring();
    wakeup.ring();
    EXPECT_LT(time_of_wait(wakeup, std::chrono::seconds(30)), std::chrono::seconds(10));
}

TEST(Wakeup, many_rings_are_one) {
    Wakeup wakeup;
    for (int i = 0; i < 1'000; ++i) wakeup.ring();
    wakeup.wait(std::chrono::seconds(30));
    EXPECT_GE(time_of_wait(wakeup, std::chrono::milliseconds(50)), std::chrono::milliseconds(49));
}

TEST(Wakeup, ends_when_the_time_is_over) {
    Wakeup wakeup;
    EXPECT_GE(time_of_wait(wakeup, std::chrono::milliseconds(20)), std::chrono::milliseconds(19));
    EXPECT_LT(time_of_wait(wakeup, std::chrono::milliseconds(-5)), std::chrono::seconds(10));
}

TEST(Wakeup, wakes_from_another_thread) {
    Wakeup wakeup;
    std::thread other([&] { wakeup.ring(); });
    EXPECT_LT(time_of_wait(wakeup, std::chrono::seconds(30)), std::chrono::seconds(10));
    other.join();
}

}  // namespace foldstream::kafka
