// A client that sends its command again, by way of whatever owner: one decision, one answer.
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

void asks(v1::Command& command) {
    command.mutable_reply()->set_partition(2);
    command.mutable_reply()->set_instance("somebody");
}

// Decides what there is to decide; the answers.
std::vector<v1::CommandOutcome> answers(Process& process) {
    process.owner.assign();
    process.settle();
    std::vector<v1::CommandOutcome> outcomes;
    for (const auto& [address, outcome] : process.replies.sent) {
        EXPECT_EQ(address.partition(), 2);
        EXPECT_EQ(address.instance(), "somebody");
        outcomes.push_back(outcome);
    }
    return outcomes;
}

TEST(Retries, come_from_the_owner_whose_entry_counts_and_never_from_the_fenced_one) {
    World world;
    Process first(world, 1, {}, "first");
    first.owner.assign();
    first.settle();
    say(world, pack(create_order("o1"), "c1", asks));
    first.run();  // decided, in flight
    Process second(world, 2, {}, "second");
    EXPECT_THAT(answers(second), SizeIs(1));
    EXPECT_THAT(answers(first), IsEmpty());
}

// The retry of a client that lost its answer, by way of another process with nothing on its disk.
TEST(Retries, are_the_same_when_the_command_is_sent_again_to_another_owner) {
    World world;
    say(world, pack(create_order("o1"), "c1", asks));
    say(world, pack(create_order("o1"), "c2", asks));  // refused: it exists
    Process first(world, 1);
    const auto told = answers(first);
    say(world, pack(create_order("o1"), "c1", asks));
    say(world, pack(create_order("o1"), "c2", asks));
    Process second(world, 2);
    auto again = answers(second);
    ASSERT_THAT(told, SizeIs(2));
    ASSERT_THAT(again, SizeIs(2));
    EXPECT_EQ(told[1].problem().code(), "already-exists");
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_FALSE(told[i].duplicate());
        EXPECT_TRUE(again[i].duplicate());
        again[i].set_duplicate(false);
        EXPECT_EQ(again[i].SerializeAsString(), told[i].SerializeAsString());
    }
}

TEST(Retries, say_that_an_id_stands_for_another_command_already) {
    World world;
    say(world, pack(create_order("o1"), "c1", asks));
    say(world, pack(pay("o1"), "c1", asks));
    Process process(world, 1);
    const auto told = answers(process);
    ASSERT_THAT(told, SizeIs(2));
    EXPECT_EQ(told[1].problem().code(), "command-id-reused");
    EXPECT_FALSE(told[1].duplicate());
}

// The retry may come from anywhere, and the first owner may be gone: the id is made of the
// command's.
TEST(Retries, of_a_create_without_an_order_id_make_no_second_order) {
    World world;
    say(world, pack(create_order(""), "c1", asks));
    Process first(world, 1);
    const auto told = answers(first);
    say(world, pack(create_order(""), "c1", asks));
    say(world, pack(create_order(""), "c2", asks));
    Process second(world, 2);
    const auto again = answers(second);
    ASSERT_THAT(told, SizeIs(1));
    ASSERT_THAT(again, SizeIs(2));
    EXPECT_TRUE(again[0].duplicate());
    EXPECT_EQ(again[0].aggregate_id(), told[0].aggregate_id());
    EXPECT_FALSE(again[1].duplicate());
    EXPECT_NE(again[1].aggregate_id(), told[0].aggregate_id());
    EXPECT_THAT(told[0].events(0).event_id(), StartsWith("orders:0:"));
}

}  // namespace
}  // namespace foldstream::processing::simulation
