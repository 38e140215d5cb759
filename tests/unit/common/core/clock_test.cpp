#include "common/core/clock.hpp"

#include <gtest/gtest.h>

namespace foldstream {
namespace {

using namespace std::chrono_literals;

TEST(ManualClock, stands_still_until_it_is_told_to_go_on) {
    ManualClock clock;
    const auto wall = clock.wall_ms();
    const auto steady = clock.steady();
    EXPECT_EQ(clock.wall_ms(), wall);
    clock.advance(1500ms);
    EXPECT_EQ(clock.wall_ms(), wall + 1500);
    EXPECT_EQ(clock.steady() - steady, 1500ms);
}

TEST(SystemClock, counts_milliseconds_since_1970) {
    const SystemClock clock;
    const auto before = std::chrono::system_clock::now().time_since_epoch();
    const std::chrono::milliseconds read(clock.wall_ms());
    EXPECT_GE(read, std::chrono::floor<std::chrono::milliseconds>(before));
    EXPECT_LE(read, std::chrono::system_clock::now().time_since_epoch());
    const auto first = clock.steady();
    EXPECT_LE(first, clock.steady());
}

}  // namespace
}  // namespace foldstream
