// What a round of snapshots vouches for, step by step.
#include "common/processing/snapshot_round.hpp"

#include <gtest/gtest.h>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

std::size_t markers(const World& world) {
    std::size_t count = 0;
    for (const auto& [sequence, entry] : valid_entries(world)) count += entry.has_marker() ? 1 : 0;
    return count;
}

void compact_all(World& world, Random& random) {
    for (int i = 0; i < 40; ++i) world.snapshots.compact(random);
}

// Whoever restores from nothing has what the log says.
void expect_restore(World& world) {
    Process restored(world, 55);
    restored.owner.assign();
    restored.run();
    ASSERT_NE(restored.owner.state(), OwnerState::stopped) << restored.owner.reason();
    EXPECT_EQ(content(restored), content(*cold(world)));
}

TEST(SnapshotRound, has_no_marker_before_everything_that_it_vouches_for_is_delivered) {
    World world;
    Process process(world, 1, short_rounds());
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.settle();
    world.clock.advance(2s);
    process.run();
    ASSERT_EQ(process.snapshot_sink.in_flight.size(), 2U);  // the order's and the partition's own
    process.snapshot_sink.land(process.owner);
    process.run();
    EXPECT_TRUE(process.sink.in_flight.empty());
    process.snapshot_sink.land(process.owner);
    process.run();
    EXPECT_EQ(process.sink.in_flight.size(), 1U);
    process.settle();
    EXPECT_EQ(markers(world), 1U);
    expect_restore(world);
}

TEST(SnapshotRound, is_not_begun_where_nothing_is_dirty) {
    World world;
    Process process(world, 1, short_rounds());
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.settle();
    for (int i = 0; i < 5; ++i) {
        world.clock.advance(2s);
        process.settle();
    }
    EXPECT_EQ(markers(world), 1U);
}

// The failed record is still on its way: written again in this epoch, it would replace the newer
// one.
TEST(SnapshotRound, ends_the_epoch_when_a_snapshot_fails_because_it_may_land_late) {
    World world;
    Process process(world, 1, short_rounds());
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.settle();
    world.clock.advance(2s);
    process.run();
    process.snapshot_sink.fail_and_linger(process.owner);
    process.snapshot_sink.in_flight.clear();
    say(world, pack(pay("o1"), "c2"));
    for (int i = 0; i < 5; ++i) {
        world.clock.advance(2s);
        process.settle();
    }
    EXPECT_GE(markers(world), 1U);
    process.snapshot_sink.land_late();
    compact_all(world, process.random);
    expect_restore(world);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
}

TEST(SnapshotRound, ends_the_epoch_when_a_delivery_is_unproved) {
    World world;
    Process process(world, 1, short_rounds());
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.settle();
    world.clock.advance(2s);
    process.run();
    process.snapshot_sink.pretend(process.owner);
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
}

TEST(SnapshotRound, makes_what_older_epochs_wrote_go_away_once_the_marker_is_read_back) {
    World world;
    std::unique_ptr<store::Store> kept;
    {
        Process first(world, 1, short_rounds());
        say(world, pack(create_order("o1"), "c1"));
        first.owner.assign();
        first.settle();
        world.clock.advance(2s);
        first.settle();
        kept = std::move(first.store);
    }
    ASSERT_TRUE(world.snapshots.content().contains("o1@1"));
    Process second(world, 2, short_rounds(), "second", std::move(kept));
    say(world, pack(pay("o1"), "c2"));
    second.owner.assign();
    second.settle();
    world.clock.advance(2s);
    second.settle();
    const auto content = world.snapshots.content();
    EXPECT_TRUE(content.contains("o1@2"));
    EXPECT_FALSE(content.contains("o1@1"));
    EXPECT_FALSE(content.contains("@partition@1"));
    expect_restore(world);
}

TEST(SnapshotRound, writes_what_others_changed_since_the_last_marker) {
    World world;
    Process first(world, 1, short_rounds());
    Process second(world, 2, short_rounds(), "second");
    second.owner.assign();
    second.settle();  // owns, and what it folds from now on it marks
    first.owner.assign();
    first.settle();
    say(world, pack(create_order("o1"), "c1"));
    first.settle();  // decided, and no round yet
    second.run();
    world.clock.advance(2s);
    second.settle();
    ASSERT_EQ(second.owner.position().epoch, Epoch(3));
    world.clock.advance(2s);
    second.settle();
    EXPECT_TRUE(world.snapshots.content().contains("o1@3"));
    expect_restore(world);
}

TEST(SnapshotRound, is_begun_at_an_operators_word) {
    World world;
    Process process(world, 1);
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.settle();
    EXPECT_EQ(markers(world), 0U);
    say(world, pack(v1::CreateSnapshots(), "now"));
    process.settle();
    EXPECT_EQ(markers(world), 1U);
}

// While somebody reads the snapshots, an aggregate's record goes away: its successor lies behind
// what was the end when the reading began.
TEST(SnapshotRestore, reads_to_the_end_that_there_is_when_it_gets_there) {
    World world;
    Process first(world, 1, short_rounds());
    say(world, pack(create_order("o1"), "c1"));
    first.owner.assign();
    first.settle();
    world.clock.advance(2s);
    first.settle();
    Process reader(world, 3);
    reader.snapshots.paused = true;
    reader.owner.assign();
    reader.run();
    Process second(world, 2, short_rounds(), "second");
    second.owner.assign();
    second.settle();
    say(world, pack(pay("o1"), "c2"));
    second.settle();
    world.clock.advance(2s);
    second.settle();
    ASSERT_TRUE(world.snapshots.content().contains("o1@2"));
    for (auto& record : world.snapshots.records) record.cleaned = record.key == "o1@1";
    reader.snapshots.paused = false;
    reader.run();
    EXPECT_EQ(reader.snapshots.starts, 1);
    EXPECT_EQ(content(reader), content(*cold(world)));
}

TEST(SnapshotDeletion, leaves_no_snapshot_and_a_log_that_is_folded_from_its_start) {
    World world;
    Process process(world, 1, short_rounds());
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.settle();
    world.clock.advance(2s);
    process.settle();
    ASSERT_TRUE(world.snapshots.content().contains("@marker"));
    say(world, pack(v1::DeleteSnapshots(), "gone"));
    process.settle();
    world.clock.advance(1300ms);  // the pause before the next claim
    process.run();
    while (process.owner.state() != OwnerState::owning) process.settle();
    process.settle();
    EXPECT_FALSE(world.snapshots.content().contains("o1@1"));
    expect_restore(world);
    world.clock.advance(2s);
    process.settle();  // everything is dirty again
    EXPECT_TRUE(world.snapshots.content().contains("o1@2"));
    expect_restore(world);
}

}  // namespace
}  // namespace foldstream::processing::simulation
