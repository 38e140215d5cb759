#include "common/processing/aggregate.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace foldstream::processing {
namespace {

v1::Entry accepted(int number, std::int64_t time_ms) {
    v1::Entry entry;
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    entry.set_command_id(std::to_string(number));
    entry.set_body_hash("h");
    entry.set_time_ms(time_ms);
    return entry;
}

// Slots by an entry each, of the time 0, and one more of another time.
std::size_t slots_after(std::int64_t last_time_ms) {
    Aggregate aggregate;
    std::uint64_t sequence = 0;
    for (int i = 0; i < static_cast<int>(least_slots) + 10; ++i) {
        (void)advance(aggregate, accepted(i, 0), Sequence(++sequence));
    }
    (void)advance(aggregate, accepted(-1, last_time_ms), Sequence(++sequence));
    return aggregate.slots.size();
}

TEST(Slots, beyond_the_least_ones_go_when_they_are_old) {
    EXPECT_EQ(slots_after(slot_age_ms), least_slots + 11);
    EXPECT_EQ(slots_after(slot_age_ms + 1), least_slots);
}

// Times come out of the log, and whoever can write there can write any.
TEST(Slots, are_not_old_at_the_least_time_that_there_is) {
    EXPECT_EQ(slots_after(std::numeric_limits<std::int64_t>::min()), least_slots + 11);
}

}  // namespace
}  // namespace foldstream::processing
