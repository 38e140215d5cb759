// The answers that senders asked for.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

std::function<void(v1::Command&)> asking(bool dry_run = false) {
    return [dry_run](v1::Command& command) {
        command.mutable_reply()->set_partition(3);
        command.mutable_reply()->set_instance("me");
        command.set_dry_run(dry_run);
    };
}

TEST(Replies, leave_when_the_entry_is_read_back_and_not_before) {
    World world;
    say(world, pack(create_order("o1"), "c1", asking()));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.run();
    EXPECT_TRUE(process.replies.sent.empty());
    process.sink.land(process.owner);
    process.run();
    ASSERT_EQ(process.replies.sent.size(), 1U);
    const auto& [address, outcome] = process.replies.sent[0];
    EXPECT_EQ(address.partition(), 3);
    EXPECT_EQ(address.instance(), "me");
    EXPECT_EQ(outcome.command_id(), "c1");
    EXPECT_EQ(outcome.status(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(outcome.aggregate_id(), "o1");
    EXPECT_EQ(outcome.version(), 1U);
    EXPECT_EQ(outcome.position().domain(), "orders");
    EXPECT_EQ(outcome.position().sequence(), 1U);
    ASSERT_EQ(outcome.events_size(), 1);
    EXPECT_EQ(outcome.events(0).event_id(), "orders:0:1:0");
    EXPECT_EQ(outcome.events(0).type(), "foldstream.orders.v1.OrderCreated");
}

TEST(Replies, do_not_leave_for_an_entry_that_never_counted) {
    World world;
    say(world, pack(create_order("o1"), "c1", asking()));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.run();
    process.sink.fail(process.owner);
    EXPECT_TRUE(process.replies.sent.empty());
    world.clock.advance(2s);
    process.settle();
    EXPECT_EQ(process.replies.sent.size(), 1U);
}

TEST(Replies, give_a_repeat_the_first_answer_also_through_another_owner) {
    World world;
    say(world, pack(create_order("o1"), "c1", asking()));
    say(world, pack(create_order("o1"), "c2", asking()));  // already-exists
    {
        Process first(world, 1);
        first.owner.assign();
        first.settle();
        ASSERT_EQ(first.replies.sent.size(), 2U);
    }
    say(world, pack(create_order("o1"), "c1", asking()));
    say(world, pack(create_order("o1"), "c2", asking()));
    Process second(world, 2);
    second.owner.assign();
    second.settle();
    ASSERT_EQ(second.replies.sent.size(), 2U);
    const v1::CommandOutcome& again = second.replies.sent[0].second;
    EXPECT_TRUE(again.duplicate());
    EXPECT_EQ(again.status(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(again.position().sequence(), 1U);
    EXPECT_EQ(again.version(), 1U);
    ASSERT_EQ(again.events_size(), 1);
    EXPECT_EQ(again.events(0).event_id(), "orders:0:1:0");
    const v1::CommandOutcome& refused = second.replies.sent[1].second;
    EXPECT_TRUE(refused.duplicate());
    EXPECT_EQ(refused.status(), v1::OUTCOME_REFUSED);
    EXPECT_EQ(refused.problem().code(), "already-exists");
    EXPECT_EQ(refused.problem().status(), 409);
    EXPECT_EQ(refused.position().sequence(), 2U);
}

TEST(Replies, name_what_is_wrong_with_a_malformed_command) {
    World world;
    orders::v1::CreateOrder bad = create_order("o1");
    bad.mutable_items(0)->set_quantity(0);
    say(world, pack(bad, "c1", asking()));
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    ASSERT_EQ(process.replies.sent.size(), 1U);
    const v1::CommandOutcome& outcome = process.replies.sent[0].second;
    EXPECT_EQ(outcome.command_id(), "c1");
    EXPECT_EQ(outcome.problem().code(), "invalid");
    ASSERT_EQ(outcome.problem().violations_size(), 1);
    EXPECT_EQ(outcome.problem().violations(0).field(), "items[0].quantity");
}

TEST(Replies, tell_what_a_dry_run_would_have_done) {
    World world;
    say(world, pack(create_order("o1"), "c1", asking(true)));
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    ASSERT_EQ(process.replies.sent.size(), 1U);
    const v1::CommandOutcome& outcome = process.replies.sent[0].second;
    EXPECT_EQ(outcome.status(), v1::OUTCOME_DRY_RUN);
    ASSERT_EQ(outcome.events_size(), 1);
    EXPECT_EQ(outcome.events(0).version(), 1U);
}

TEST(Replies, go_with_their_own_record_when_several_are_cut) {
    World world;
    for (int i = 0; i < 600; ++i) {
        const std::string n = std::to_string(i);
        say(world, pack(create_order("o" + n), "c" + n, asking()));
    }
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.run();
    for (std::size_t told = 0; !process.sink.in_flight.empty();) {
        process.sink.land(process.owner);
        process.run();
        EXPECT_EQ(process.replies.sent.size(), process.outcomes.told.size());
        EXPECT_GT(process.replies.sent.size(), told);
        told = process.replies.sent.size();
    }
    EXPECT_EQ(process.replies.sent.size(), 600U);
}

}  // namespace
}  // namespace foldstream::processing::simulation
