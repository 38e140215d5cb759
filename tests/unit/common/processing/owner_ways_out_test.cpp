// Whatever stops a partition, its message names a way out.
#include <gmock/gmock.h>

#include <string>

#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* adopt = "foldctl partitions adopt";
constexpr const char* reset = "foldctl partitions reset";

// An owner of one order.
struct Owning {
    World world;
    Process process{world, 1, short_rounds()};

    Owning() {
        say(world, pack(create_order("o1"), ""));
        process.owner.assign();
        process.settle();
        EXPECT_EQ(process.owner.state(), OwnerState::owning);
    }
    const std::string& stopped() {
        process.settle();
        EXPECT_EQ(process.owner.state(), OwnerState::stopped);
        return process.owner.reason();
    }
};

TEST(WayOut, of_a_commands_topic_that_is_recreated_under_a_running_owner) {
    Owning owning;
    owning.world.commands.clear();
    EXPECT_THAT(owning.stopped(), AllOf(HasSubstr("out of range"), HasSubstr(adopt)));
}

TEST(WayOut, of_a_commands_topic_that_cannot_be_read) {
    Owning owning;
    owning.process.commands.broken = true;
    EXPECT_THAT(owning.stopped(), AllOf(HasSubstr("mend"), HasSubstr(adopt)));
    World world;
    Process verifying(world, 2);
    verifying.commands.broken = true;
    verifying.owner.assign();
    verifying.settle();
    ASSERT_EQ(verifying.owner.state(), OwnerState::stopped);
    EXPECT_THAT(verifying.owner.reason(), AllOf(HasSubstr("mend"), HasSubstr(adopt)));
}

TEST(WayOut, of_a_log_that_cannot_be_read) {
    Owning owning;
    owning.process.log.broken = true;
    EXPECT_THAT(owning.stopped(), AllOf(HasSubstr("mend"), HasSubstr(reset)));
}

TEST(WayOut, of_a_log_that_no_owner_has_written) {
    Owning owning;
    owning.world.append(codec::claim_record(Epoch(2), "\xff"));
    EXPECT_THAT(owning.stopped(), AllOf(HasSubstr("does not decode"), HasSubstr(reset)));
}

TEST(WayOut, of_a_log_of_a_newer_binary) {
    Owning owning;
    std::string record = codec::claim_record(Epoch(2), "");
    record[3] = 9;
    owning.world.append(record);
    EXPECT_THAT(owning.stopped(), HasSubstr("update"));
}

TEST(WayOut, of_snapshots_that_cannot_be_read) {
    World world;
    Process process(world, 1);
    process.snapshots.broken = true;
    process.owner.assign();
    process.settle();
    ASSERT_EQ(process.owner.state(), OwnerState::stopped);
    EXPECT_THAT(process.owner.reason(), HasSubstr("foldctl topics apply"));
}

TEST(WayOut, of_snapshots_that_are_missing_is_one_that_helps) {
    Owning owning;
    World& world = owning.world;
    world.clock.advance(2s);
    owning.process.settle();  // a marker
    say(world, pack(pay("o1"), ""));
    owning.process.settle();
    world.snapshots.lose("o1");
    Process restored(world, 2);
    restored.owner.assign();
    restored.settle();
    ASSERT_EQ(restored.owner.state(), OwnerState::stopped);
    EXPECT_THAT(restored.owner.reason(), AllOf(HasSubstr("3 restores"), HasSubstr(reset)));

    for (const auto& [key, value] : world.snapshots.content()) world.snapshots.append(key, "");
    v1::PartitionReset said;
    said.set_id("0123456789abcdef");
    world.snapshots.append("@reset", said.SerializeAsString());
    world.clock.advance(31s);
    restored.settle();
    EXPECT_EQ(restored.owner.state(), OwnerState::owning) << restored.owner.reason();
}

}  // namespace
}  // namespace foldstream::processing::simulation
