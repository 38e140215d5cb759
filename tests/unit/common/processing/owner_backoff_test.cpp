// The pause between two claims of one owner.
#include <gtest/gtest.h>

#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

TEST(Owner, forgets_the_pause_between_claims_after_a_calm_minute) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    const auto lose = [&] {
        say(world, pack(create_order("x" + std::to_string(world.commands.size())), ""));
        process.run();
        process.sink.fail(process.owner);
    };
    for (int i = 0; i < 4; ++i) {
        lose();
        world.clock.advance(100s);
        process.settle();
        ASSERT_EQ(process.owner.state(), OwnerState::owning);
        world.clock.advance(61s);
        process.run();
    }
    lose();
    world.clock.advance(1251ms);  // 1 s and its jitter
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
}

TEST(Owner, does_not_take_a_minute_of_waiting_for_a_delivery_for_a_calm_one) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    say(world, pack(create_order("o1"), "c1"));
    for (int i = 0; i < 4; ++i) {
        process.run();
        world.clock.advance(61s);
        process.run();
        process.sink.fail(process.owner);  // message.timeout.ms is over
        ASSERT_EQ(process.owner.state(), OwnerState::backing_off);
        if (i == 3) break;
        world.clock.advance(80s);
        process.run();
        process.sink.land(process.owner);  // the claim
    }
    world.clock.advance(5s);  // the fourth pause is 8 s and its jitter
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
}

TEST(Owner, keeps_its_pause_between_claims_through_a_rebalance) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    for (int i = 0; i < 6; ++i) {
        process.run();
        ASSERT_EQ(process.sink.in_flight.size(), 1U);  // the claim
        process.sink.fail(process.owner);
        if (i < 5) world.clock.advance(80s);
    }
    process.owner.revoke();
    process.owner.assign();
    process.run();
    EXPECT_TRUE(process.sink.in_flight.empty());
    world.clock.advance(41s);  // 32 s and its jitter
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
}

TEST(Owner, keeps_its_pause_between_claims_through_the_end_of_its_owner_object) {
    World world;
    auto process = std::make_unique<Process>(world, 1);
    process->owner.assign();
    for (int i = 0; i < 6; ++i) {
        process->run();
        ASSERT_EQ(process->sink.in_flight.size(), 1U);  // the claim
        process->sink.fail(process->owner);
        if (i < 5) world.clock.advance(80s);
    }
    process->owner.revoke();
    process = reseated(world, std::move(process), 2);
    process->run();
    EXPECT_TRUE(process->sink.in_flight.empty());
    world.clock.advance(41s);  // 32 s and its jitter
    process->run();
    ASSERT_EQ(process->sink.in_flight.size(), 1U);
    process->sink.fail(process->owner);
    world.clock.advance(20s);  // and it grows from there
    process->run();
    EXPECT_TRUE(process->sink.in_flight.empty());
}

TEST(Owner, begins_with_the_least_pause_long_after_the_last_quarrel) {
    World world;
    auto process = std::make_unique<Process>(world, 1);
    process->owner.assign();
    for (int i = 0; i < 4; ++i) {
        process->run();
        process->sink.fail(process->owner);
        world.clock.advance(80s);
    }
    process->owner.revoke();
    world.clock.advance(200s);
    process = reseated(world, std::move(process), 2);
    process->run();
    process->sink.fail(process->owner);
    world.clock.advance(1251ms);  // 1 s and its jitter
    process->run();
    EXPECT_EQ(process->sink.in_flight.size(), 1U);
}

TEST(Owner, does_not_take_a_late_report_of_the_owner_before_for_its_own) {
    World world;
    auto process = std::make_unique<Process>(world, 1);
    process->owner.assign();
    process->run();
    ASSERT_EQ(process->sink.in_flight.size(), 1U);
    kafka::DeliveryReport late;
    late.tag = process->sink.in_flight.front().tag;
    late.error = "message timed out";
    process->owner.revoke();
    process = reseated(world, std::move(process), 2);
    process->run();
    ASSERT_EQ(process->owner.state(), OwnerState::claiming);
    process->owner.delivery(late);
    EXPECT_EQ(process->owner.state(), OwnerState::claiming);
}

}  // namespace
}  // namespace foldstream::processing::simulation
