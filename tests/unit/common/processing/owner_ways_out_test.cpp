// Whatever stops a partition, its message names a way out.
#include <gmock/gmock.h>

#include <functional>
#include <string>

#include "tests/unit/common/processing/simulated_commands.hpp"
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

TEST(WayOut, of_another_log_is_named_also_where_the_snapshots_cannot_be_read) {
    Owning owning;
    owning.process.owner.revoke();
    owning.process.settle();
    owning.world.clock.advance(20s);
    owning.process.settle();
    ASSERT_EQ(owning.process.owner.state(), OwnerState::idle);
    owning.world.log.clear();  // recreated
    owning.process.snapshots.broken = true;
    owning.process.owner.assign();
    EXPECT_THAT(owning.stopped(), AllOf(HasSubstr("the log"), HasSubstr(reset),
                                        HasSubstr("whether it was reset is not known"),
                                        HasSubstr("the topic is gone")));
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

// What nobody honest has written, or a newer binary has: c2 decided as a payment of o1, valid but
// for what `turn` does to it.
void forge(Owning& owning, const std::function<void(v1::Entry&)>& turn) {
    v1::Entries entries;
    v1::Entry& entry = *entries.add_entries();
    entry.mutable_command()->set_offset(1);
    entry.set_next_offset(2);
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    entry.set_command_id("c2");
    entry.set_body_hash("0123456789abcdef");
    entry.set_aggregate_id("o1");
    v1::Event& event = *entry.add_events();
    event.set_type("foldstream.orders.v1.PaymentConfirmed");
    event.set_version(2);
    entry.set_version(2);
    turn(entry);
    const replay::Position end = owning.process.owner.position();
    owning.world.append(codec::entries_record(end.epoch, Sequence(end.sequence.value + 1), end.link,
                                              1, entries.SerializeAsString()));
}

// It stands before the record, and would read it again: a repaired binary loses nothing.
void expect_stand_before(Owning& owning, Offset last_read) {
    EXPECT_EQ(partition_of(owning.process)->position().position.offset, last_read);
    owning.world.clock.advance(31s);
    (void)owning.stopped();
    EXPECT_EQ(partition_of(owning.process)->position().position.offset, last_read);
}

TEST(WayOut, of_an_event_type_that_the_binary_does_not_know_is_to_update_it) {
    Owning owning;
    const Offset last = owning.process.owner.position().offset;
    forge(owning, [](v1::Entry& entry) {
        entry.mutable_events(0)->set_type("foldstream.orders.v1.OrderGilded");
    });
    EXPECT_THAT(owning.stopped(),
                AllOf(HasSubstr("event type foldstream.orders.v1.OrderGilded is unknown"),
                      HasSubstr("update it")));
    expect_stand_before(owning, last);
}

TEST(WayOut, of_an_event_with_a_version_that_was_not_due_is_a_log_that_is_put_back) {
    Owning owning;
    const Offset last = owning.process.owner.position().offset;
    forge(owning, [](v1::Entry& entry) { entry.mutable_events(0)->set_version(7); });
    EXPECT_THAT(owning.stopped(), AllOf(HasSubstr("event version 7 of o1 where 2 was due"),
                                        HasSubstr("events tail --raw"), HasSubstr(reset)));
    expect_stand_before(owning, last);
}

// The forgery above is refused for what is wrong in it, and for nothing else.
TEST(WayOut, is_asked_of_nobody_when_the_entry_of_another_owner_is_as_it_should_be) {
    Owning owning;
    forge(owning, [](v1::Entry&) {});
    owning.process.settle();
    EXPECT_EQ(owning.process.owner.state(), OwnerState::backing_off);  // a twin, so it seems
    EXPECT_EQ(valid_entries(owning.world).size(), 2U);
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
