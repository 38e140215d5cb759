// What a round of snapshots vouches for, step by step.
#include "common/processing/snapshot_round.hpp"

#include <gtest/gtest.h>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

TEST(SnapshotRound, has_no_marker_before_everything_that_it_vouches_for_is_delivered) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
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
    own_an_order(process, world);
    for (int i = 0; i < 5; ++i) write_round(process, world);
    EXPECT_EQ(markers(world), 1U);
}

// The failed record is still on its way, and may land at any time.
TEST(SnapshotRound, ends_the_epoch_when_a_snapshot_fails_because_it_may_land_late) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    world.clock.advance(2s);
    process.run();
    process.snapshot_sink.fail_and_linger(process.owner);
    process.snapshot_sink.in_flight.clear();
    say(world, pack(pay("o1"), "c2"));
    for (int i = 0; i < 5; ++i) write_round(process, world);
    EXPECT_GE(markers(world), 1U);
    process.snapshot_sink.land_late();
    compact_all(world, process.random);
    expect_restore(world);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
}

TEST(SnapshotRound, ends_the_epoch_when_a_delivery_is_unproved) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    world.clock.advance(2s);
    process.run();
    process.snapshot_sink.pretend(process.owner);
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
}

TEST(SnapshotRound, makes_what_older_rounds_wrote_go_away_once_the_marker_is_read_back) {
    World world;
    std::unique_ptr<store::Store> kept;
    {
        Process first(world, 1, short_rounds());
        say(world, pack(create_order("o1"), "c1"));
        decide_and_snapshot(first, world);
        kept = std::move(first.store);
    }
    ASSERT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    const std::string older = world.snapshots.keys_of("o1").front();
    Process second(world, 2, short_rounds(), "second", std::move(kept));
    say(world, pack(pay("o1"), "c2"));
    decide_and_snapshot(second, world);
    ASSERT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    EXPECT_NE(world.snapshots.keys_of("o1").front(), older);
    EXPECT_EQ(world.snapshots.keys_of("@partition").size(), 1U);
    expect_restore(world);
}

TEST(SnapshotRound, writes_what_others_changed_since_the_last_marker) {
    World world;
    Process first(world, 1, short_rounds());
    Process second(world, 2, short_rounds(), "second");
    say(world, pack(create_order("o0"), "c0"));
    take(second);
    // All that there is is in snapshots, and what it folds from now on it marks.
    write_round(second, world);
    ASSERT_EQ(markers(world), 1U);
    take(first);
    say(world, pack(create_order("o1"), "c1"));
    first.settle();  // decided, and no round yet
    second.run();
    write_round(second, world);
    ASSERT_EQ(second.owner.position().epoch, Epoch(3));
    write_round(second, world);
    EXPECT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    expect_restore(world);
}

// In its own epoch, too: a round that comes to its end leaves one record of each aggregate.
TEST(SnapshotRound, leaves_one_snapshot_of_each_aggregate) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    for (int i = 0; i < 3; ++i) {
        say(world, pack(pay("o1"), ""));
        process.settle();
        write_round(process, world);
    }
    ASSERT_EQ(markers(world), 3U);
    EXPECT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    EXPECT_EQ(world.snapshots.keys_of("@partition").size(), 1U);
    expect_restore(world);
}

// Also one that has moved on by the time when its round comes to its end.
TEST(SnapshotRound, leaves_few_snapshots_of_an_aggregate_that_is_touched_in_every_round) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    for (int i = 0; i < 80; ++i) {
        world.clock.advance(2s);
        process.run();
        ASSERT_FALSE(process.snapshot_sink.in_flight.empty());
        say(world, pack(pay("o1"), ""));
        process.run();
        while (!process.sink.in_flight.empty()) process.sink.land(process.owner);
        process.settle();
        ASSERT_LE(world.snapshots.keys_of("o1").size(), 1U);
    }
    expect_restore(world);
}

// Commands that never cease hold no marker back.
TEST(SnapshotRound, is_vouched_for_while_there_are_always_more_commands) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    for (int i = 0; i < 20'000; ++i) say(world, pack(create_order("o1"), ""));
    world.clock.advance(2s);
    for (int i = 0; i < 40 && markers(world) == 0; ++i) {
        process.owner.step();
        while (!process.snapshot_sink.in_flight.empty()) process.snapshot_sink.land(process.owner);
        while (!process.sink.in_flight.empty()) process.sink.land(process.owner);
    }
    EXPECT_EQ(markers(world), 1U);
    EXPECT_LT(process.owner.next_offset(), 20'000U);
}

// What an owner wrote whose round came to no end, while this store was not there to see it.
TEST(SnapshotRound, looks_for_the_keys_of_others_before_the_first_one_after_a_takeover) {
    World world;
    Process warm(world, 1, short_rounds(), "warm");
    Process other(world, 2, short_rounds(), "other");
    warm.owner.assign();
    say(world, pack(create_order("o1"), "c1"));
    warm.settle();
    write_round(warm, world);
    take(other);
    say(world, pack(pay("o1"), "c2"));
    other.settle();
    world.clock.advance(2s);
    other.run();
    while (!other.snapshot_sink.in_flight.empty()) other.snapshot_sink.land(other.owner);
    ASSERT_EQ(world.snapshots.keys_of("o1").size(), 2U);  // and no marker for the second one
    warm.run();
    say(world, pack(create_order("o1"), "c3"));
    for (int i = 0; i < 3; ++i) {
        write_round(warm, world);
    }
    ASSERT_EQ(warm.owner.state(), OwnerState::owning);
    EXPECT_EQ(markers(world), 2U);
    EXPECT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    expect_restore(world);
}

// Two who hold one claim for theirs: one lags, and its round lands behind the other one's marker.
TEST(SnapshotRound, of_a_twin_that_lags_hides_nothing_that_a_marker_vouches_for) {
    World world;
    {
        Process first(world, 1);
        say(world, pack(create_order("o1"), "c1"));
        take(first);
    }
    Process lags(world, 7, short_rounds(), "twin");
    Process leads(world, 7, short_rounds(), "twin");
    lags.owner.assign();
    leads.owner.assign();
    lags.run();
    leads.run();
    lags.sink.land(lags.owner);  // the claim, in both their hands
    leads.sink.in_flight.clear();
    lags.run();
    leads.run();
    ASSERT_EQ(leads.owner.state(), OwnerState::owning);
    ASSERT_EQ(lags.owner.state(), OwnerState::owning);
    world.clock.advance(2s);
    lags.run();
    ASSERT_EQ(lags.snapshot_sink.in_flight.size(), 2U);
    say(world, pack(pay("o1"), "c2"));
    leads.settle();
    write_round(leads, world);
    ASSERT_GE(markers(world), 1U);
    while (!lags.snapshot_sink.in_flight.empty()) lags.snapshot_sink.land(lags.owner);
    compact_all(world, leads.random);
    expect_restore(world);
}

TEST(SnapshotRound, is_begun_at_an_operators_word) {
    World world;
    Process process(world, 1);
    own_an_order(process, world);
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
    own_an_order(first, world);
    write_round(first, world);
    const std::string older = world.snapshots.keys_of("o1").front();
    Process reader(world, 3);
    reader.snapshots.paused = true;
    reader.owner.assign();
    reader.run();
    Process second(world, 2, short_rounds(), "second");
    take(second);
    say(world, pack(pay("o1"), "c2"));
    second.settle();
    write_round(second, world);
    ASSERT_NE(world.snapshots.keys_of("o1").back(), older);
    for (auto& record : world.snapshots.records) record.cleaned = record.key == older;
    reader.snapshots.paused = false;
    reader.run();
    EXPECT_EQ(reader.snapshots.starts, 1);
    EXPECT_EQ(content(reader), content(*cold(world)));
}

TEST(SnapshotDeletion, leaves_no_snapshot_and_a_log_that_is_folded_from_its_start) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    write_round(process, world);
    ASSERT_TRUE(world.snapshots.content().contains("@marker"));
    const std::string older = world.snapshots.keys_of("o1").front();
    say(world, pack(v1::DeleteSnapshots(), "gone"));
    process.settle();
    world.clock.advance(1300ms);  // the pause before the next claim
    process.run();
    while (process.owner.state() != OwnerState::owning) process.settle();
    process.settle();
    EXPECT_FALSE(world.snapshots.content().contains(older));
    expect_restore(world);
    write_round(process, world);  // everything is dirty again
    EXPECT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    expect_restore(world);
}

TEST(SnapshotDeletion, that_cannot_read_the_topic_leaves_an_owner_that_goes_on) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    write_round(process, world);
    process.snapshots.broken = true;
    say(world, pack(v1::DeleteSnapshots(), "gone"));
    process.settle();
    write_round(process, world);
    say(world, pack(pay("o1"), "c2"));
    for (int i = 0; i < 3; ++i) {
        write_round(process, world);
    }
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_TRUE(world.snapshots.content().contains("@marker"));
    expect_restore(world);
}

TEST(SnapshotDeletion, goes_from_state_to_state_as_its_table_says) {
    using enum DeletionState;
    EXPECT_TRUE(allowed(resting, pointing));
    EXPECT_TRUE(allowed(scanning, ending));
    EXPECT_TRUE(allowed(scanning, resting));
    EXPECT_FALSE(allowed(resting, resting));
    EXPECT_FALSE(allowed(resting, scanning));
    EXPECT_FALSE(allowed(ending, scanning));
}

}  // namespace
}  // namespace foldstream::processing::simulation
