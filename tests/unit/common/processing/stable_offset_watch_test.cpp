#include "common/processing/stable_offset_watch.hpp"

#include <gtest/gtest.h>

namespace foldstream::processing {
namespace {

using namespace std::chrono_literals;

constexpr StableOffsetWatch::Time begin{1h};

kafka::Watermarks marks(std::int64_t stable, std::int64_t high) {
    return {Offset(stable), Offset(high)};
}

TEST(StableOffsetWatch, counts_from_the_first_look_at_which_it_stands_behind) {
    StableOffsetWatch watch;
    EXPECT_EQ(watch.look(marks(7, 7), begin).held, 0s);
    EXPECT_EQ(watch.look(marks(7, 9), begin + 5s).held, 0s);
    EXPECT_EQ(watch.look(marks(7, 12), begin + 9s).held, 4s);
    EXPECT_EQ(watch.look(marks(12, 12), begin + 10s).held, 0s);
    EXPECT_EQ(watch.look(marks(12, 13), begin + 30s).held, 0s);
}

TEST(StableOffsetWatch, warns_from_ten_seconds_on_and_once_a_minute_at_most) {
    StableOffsetWatch watch;
    int warnings = 0;
    for (auto at = 0s; at < 10s; at += 1s) EXPECT_FALSE(watch.look(marks(0, 1), begin + at).warn);
    for (auto at = 10s; at < 131s; at += 1s) warnings += watch.look(marks(0, 1), begin + at).warn;
    EXPECT_EQ(warnings, 3);  // at 10, 70 and 130 s
    // Another stall within the minute does not speak either.
    EXPECT_FALSE(watch.look(marks(1, 1), begin + 132s).warn);
    EXPECT_FALSE(watch.look(marks(1, 2), begin + 133s).warn);
    EXPECT_FALSE(watch.look(marks(1, 2), begin + 150s).warn);
    EXPECT_TRUE(watch.look(marks(1, 2), begin + 190s).warn);
}

TEST(StableOffsetWatch, is_calm_behind_transactions_that_end_one_after_the_other) {
    StableOffsetWatch watch;
    for (int i = 0; i < 100; ++i) {
        const auto look = watch.look(marks(i, i + 2), begin + i * 5s);
        EXPECT_EQ(look.held, 0s);
        EXPECT_FALSE(look.warn);
    }
}

TEST(StableOffsetWatch, knows_nothing_of_a_partition_that_is_not_read) {
    StableOffsetWatch watch;
    watch.look(marks(0, 1), begin);
    EXPECT_EQ(watch.look(std::nullopt, begin + 20s).held, 0s);
    EXPECT_EQ(watch.look(marks(0, 1), begin + 21s).held, 0s);
}

}  // namespace
}  // namespace foldstream::processing
