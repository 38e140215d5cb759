// What an owner does with snapshots that are not as they should be, with a log that is not the one
// that they were folded from, and at an operator's word.
#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/replay/place.hpp"
#include "foldstream/v1/store.pb.h"
#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Two orders in snapshots, and entries of the first one behind the marker.
void tell_a_history(World& world) {
    Process process(world, 1, short_rounds(), "first");
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(create_order("o2"), "c2"));
    decide_and_snapshot(process, world);
    say(world, pack(pay("o1"), "c3"));
    process.settle();
}

void expect_fold(Process& process, World& world) {
    ASSERT_NE(process.owner.state(), OwnerState::stopped) << process.owner.reason();
    EXPECT_EQ(content(process), content(*cold(world)));
}

bool began_at_marker(Process& process) { return partition_of(process)->position().from_marker; }

TEST(OwnerSnapshots, begin_a_restore_at_the_marker) {
    World world;
    tell_a_history(world);
    Process restored(world, 2);
    restored.owner.assign();
    restored.run();
    expect_fold(restored, world);
    EXPECT_TRUE(began_at_marker(restored));
}

// Also while the cleaner has left both, the broken one and its tombstone.
TEST(OwnerSnapshots, that_cannot_be_read_are_forgotten_once_they_are_written_anew) {
    World world;
    tell_a_history(world);
    const std::string broken = world.snapshots.keys_of("o2").front();
    for (auto& record : world.snapshots.records) {
        if (record.key == broken) record.value = "\xff";
    }
    Process second(world, 2, short_rounds(), "second");
    second.owner.assign();
    second.run();
    EXPECT_FALSE(began_at_marker(second));
    decide_and_snapshot(second, world);
    Process third(world, 3);
    third.owner.assign();
    third.run();
    expect_fold(third, world);
    EXPECT_TRUE(began_at_marker(third));
}

// Its owner is gone; what the socket had lands when others have gone on.
TEST(OwnerSnapshots, of_an_owner_that_is_gone_shadow_nothing_when_they_land_late) {
    World world;
    Process first(world, 1, short_rounds(), "first");
    say(world, pack(create_order("o1"), "c1"));
    first.owner.assign();
    first.settle();
    world.clock.advance(2s);
    first.run();
    ASSERT_EQ(first.snapshot_sink.in_flight.size(), 2U);  // and there they stay
    Process second(world, 2, short_rounds(), "second");
    say(world, pack(pay("o1"), "c2"));
    decide_and_snapshot(second, world);
    ASSERT_TRUE(world.snapshots.content().contains("@marker"));
    land_late(world, first);
    Process restored(world, 3);
    restored.owner.assign();
    restored.run();
    expect_fold(restored, world);
    EXPECT_TRUE(began_at_marker(restored));
}

// A claim takes no sequence: both rounds vouch for the same one, and what the older binary wrote is
// nothing to the newer one.
TEST(OwnerSnapshots, of_another_evolve_version_that_land_late_shadow_nothing) {
    World world;
    Process older(world, 1, short_rounds(), "older");
    say(world, pack(create_order("o1"), "c1"));
    older.owner.assign();
    older.settle();
    world.clock.advance(2s);
    older.run();
    ASSERT_EQ(older.snapshot_sink.in_flight.size(), 2U);  // and there they stay
    const auto newer_domain = [](Process& process) { process.domain->evolve_version = 2; };
    Process newer(world, 2, short_rounds(), "newer");
    newer_domain(newer);
    decide_and_snapshot(newer, world);
    ASSERT_TRUE(world.snapshots.content().contains("@marker"));
    land_late(world, older);
    Process restored(world, 3);
    newer_domain(restored);
    restored.owner.assign();
    restored.run();
    expect_fold(restored, world);
    EXPECT_TRUE(began_at_marker(restored));
}

// A refusal leaves a slot and no version: the newer snapshot is the one with the greater sequence.
TEST(OwnerSnapshots, of_one_version_are_told_apart_by_their_sequence) {
    World world;
    Process first(world, 1, short_rounds(), "first");
    say(world, pack(create_order("o1"), "c1"));
    decide_and_snapshot(first, world);
    const auto before = world.snapshots.records;
    const std::string older = world.snapshots.keys_of("o1").front();
    Process second(world, 2, short_rounds(), "second");
    say(world, pack(create_order("o1"), "c2"));  // refused: it exists
    decide_and_snapshot(second, world);
    for (const auto& record : before) {
        if (record.key == older) world.snapshots.append(record.key, record.value);
    }
    Process restored(world, 3);
    restored.owner.assign();
    restored.run();
    expect_fold(restored, world);
}

// What is known of owners that got nowhere outlives a restore from nothing.
TEST(OwnerSnapshots, of_the_partition_bring_the_attempts_that_were_made) {
    World world;
    Process first(world, 1, short_rounds(), "first");
    say(world, pack(create_order("o1"), "c1"));
    decide_and_snapshot(first, world);
    store::StoredPosition stored = partition_of(first)->position();
    const std::string key = world.snapshots.keys_of("@partition").front();
    stored.claims = 5;
    stored.attempt_offset = 1;
    stored.attempt_k = 2;
    world.snapshots.append(key, partition_snapshot(stored, 1).SerializeAsString());
    Process restored(world, 3);
    restored.owner.assign();
    restored.run();
    EXPECT_TRUE(began_at_marker(restored));
    EXPECT_EQ(partition_of(restored)->position().claims, 5U);
    EXPECT_EQ(partition_of(restored)->position().attempt_offset, 1);
    EXPECT_EQ(partition_of(restored)->position().attempt_k, 2U);
}

// A marker whose snapshot is not there: silently wrong, were it not for the versions.
TEST(OwnerSnapshots, that_lack_an_aggregate_stop_the_third_restore_at_the_gap) {
    World world;
    tell_a_history(world);
    world.snapshots.lose("o1");
    Process restored(world, 2);
    restored.owner.assign();
    restored.run();
    EXPECT_EQ(restored.owner.state(), OwnerState::stopped);
    EXPECT_EQ(restored.snapshots.starts, 3);
    EXPECT_THAT(restored.owner.reason(), HasSubstr("decided on version 1 of o1"));
    EXPECT_THAT(restored.owner.reason(), HasSubstr("after 3 restores"));
}

TEST(OwnerSnapshots, are_read_again_when_the_log_shows_a_gap) {
    World world;
    tell_a_history(world);
    const std::string key = world.snapshots.keys_of("o1").front();
    const std::string value = world.snapshots.content().at(key);
    world.snapshots.lose("o1");
    Process restored(world, 2);
    restored.owner.assign();
    while (restored.snapshots.starts < 2) restored.owner.step();
    world.snapshots.append(key, value);
    restored.run();
    expect_fold(restored, world);
    EXPECT_EQ(restored.snapshots.starts, 2);
}

// The marker was read before the word to delete had its effect, some of its snapshots after it.
TEST(OwnerSnapshots, that_were_deleted_behind_their_marker_are_not_believed) {
    World world;
    tell_a_history(world);
    auto before = world.snapshots;
    before.lose("o2");
    Process second(world, 2, {}, "second");
    say(world, pack(v1::DeleteSnapshots(), "gone"));
    second.owner.assign();
    second.settle();
    world.snapshots.records = before.records;
    Process restored(world, 3);
    restored.owner.assign();
    restored.run();
    EXPECT_EQ(restored.snapshots.starts, 2);
    EXPECT_FALSE(began_at_marker(restored));
    expect_fold(restored, world);
}

class CutLog : public ::testing::Test {
protected:
    void SetUp() override { tell_a_history(world_); }

    // As foldctl partitions reset does it.
    void reset(const std::string& id, const std::optional<replay::Position>& end = {}) {
        for (const auto& [key, value] : world_.snapshots.content()) {
            world_.snapshots.append(key, "");
        }
        v1::PartitionReset word;
        word.set_id(id);
        if (end) *word.mutable_end() = replay::place_of(*end);
        world_.snapshots.append("@reset", word.SerializeAsString());
    }
    // Of the last one.
    std::size_t valid_marker_offset() const {
        v1::MarkerPointer pointer;
        EXPECT_TRUE(pointer.ParseFromString(world_.snapshots.content().at("@marker")));
        return pointer.marker().offset();
    }
    void expect_a_restore_at_a_marker() {
        Process restored(world_, 9);
        restored.owner.assign();
        restored.run();
        expect_fold(restored, world_);
        EXPECT_TRUE(began_at_marker(restored));
    }
    static void expect_stop(const Process& process) {
        EXPECT_EQ(process.owner.state(), OwnerState::stopped);
        EXPECT_THAT(process.owner.reason(), HasSubstr("foldctl partitions reset"));
    }

    World world_;
};

TEST_F(CutLog, below_what_a_snapshot_was_folded_from_stops_a_restore_without_a_marker) {
    world_.log.resize(1);
    world_.snapshots.lose("@marker");
    Process restored(world_, 2);
    take(restored);
    expect_stop(restored);
    EXPECT_THAT(restored.owner.reason(), HasSubstr("which a snapshot was folded from"));
    EXPECT_EQ(world_.log.size(), 1U);  // not even a claim
}

TEST_F(CutLog, that_grew_again_past_what_a_snapshot_was_folded_from_stops_a_restore) {
    world_.log.resize(1);
    world_.snapshots.lose("@marker");
    for (int i = 0; i < 5; ++i) world_.append("something else");
    Process restored(world_, 2);
    take(restored);
    expect_stop(restored);
    EXPECT_EQ(world_.log.size(), 6U);
}

TEST_F(CutLog, is_gone_on_with_at_an_operators_word_that_is_obeyed_once) {
    world_.log.resize(1);
    Process process(world_, 2);
    take(process);
    expect_stop(process);
    reset("the first word");
    world_.clock.advance(31s);
    process.settle();
    ASSERT_EQ(process.owner.state(), OwnerState::owning) << process.owner.reason();
    EXPECT_EQ(valid_entries(world_).size(), 3U);  // its commands, decided once more

    process.owner.revoke();
    world_.clock.advance(6s);
    process.settle();
    world_.log.resize(1);
    take(process);
    expect_stop(process);
    world_.clock.advance(100s);
    process.settle();
    expect_stop(process);
    reset("the second word");
    world_.clock.advance(1000s);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning) << process.owner.reason();
}

// The word was said of another log: of one that had more.
TEST_F(CutLog, that_was_cut_again_behind_a_word_is_not_gone_on_with) {
    world_.log.resize(1);
    Process process(world_, 2);
    take(process);
    Process second(world_, 3, {}, "second");
    second.snapshots.blind = true;
    take(second);
    ASSERT_EQ(second.owner.state(), OwnerState::owning) << second.owner.reason();
    reset("the word", second.owner.position());
    world_.log.resize(2);
    world_.clock.advance(31s);
    process.settle();
    expect_stop(process);
}

// What is left of the log has the marker, and the marker vouches for what the reset has deleted.
TEST_F(CutLog, behind_a_marker_has_everything_written_anew_after_a_reset) {
    Process warm(world_, 2, short_rounds(), "warm");
    take(warm);
    warm.owner.revoke();
    world_.clock.advance(6s);
    warm.settle();
    world_.log.resize(valid_marker_offset() + 1);
    take(warm);
    expect_stop(warm);
    reset("the word");
    world_.clock.advance(31s);
    warm.settle();
    ASSERT_EQ(warm.owner.state(), OwnerState::owning) << warm.owner.reason();
    world_.clock.advance(2s);
    warm.settle();
    expect_a_restore_at_a_marker();
}

// An owner whose store fits has no reason to look for the word; its markers vouch for snapshots
// that the word has deleted.
TEST_F(CutLog, is_not_restored_from_markers_of_an_owner_who_has_not_heard_the_word) {
    Process deaf(world_, 2, short_rounds(), "deaf");
    take(deaf);
    deaf.owner.revoke();
    world_.clock.advance(6s);
    deaf.settle();
    reset("the word");
    say(world_, pack(create_order("o3"), "c4"));
    decide_and_snapshot(deaf, world_);
    ASSERT_TRUE(world_.snapshots.content().contains("@marker"));
    Process restored(world_, 3, short_rounds(), "restored");
    take(restored);
    expect_fold(restored, world_);
    EXPECT_FALSE(began_at_marker(restored));
    world_.clock.advance(2s);
    restored.settle();
    expect_a_restore_at_a_marker();
}

// Marks alone vouch for nothing: before its first round another one owned, whose markers count.
TEST_F(CutLog, has_everything_written_anew_by_who_obeys_although_a_deaf_one_owned_in_between) {
    Process deaf(world_, 2, short_rounds(), "deaf");
    take(deaf);
    deaf.owner.revoke();
    world_.clock.advance(6s);
    deaf.settle();
    reset("the word");
    Process obeys(world_, 3, short_rounds(), "obeys");
    take(obeys);
    ASSERT_EQ(obeys.owner.state(), OwnerState::owning) << obeys.owner.reason();
    obeys.owner.revoke();
    world_.clock.advance(100ms);
    obeys.settle();
    say(world_, pack(create_order("o3"), "c4"));
    decide_and_snapshot(deaf, world_);
    deaf.owner.revoke();
    world_.clock.advance(6s);
    deaf.settle();
    obeys.settle();
    say(world_, pack(create_order("o4"), "c5"));
    decide_and_snapshot(obeys, world_);
    world_.clock.advance(2s);
    obeys.settle();
    ASSERT_EQ(obeys.owner.state(), OwnerState::owning) << obeys.owner.reason();
    expect_a_restore_at_a_marker();
}

TEST_F(CutLog, has_everything_written_anew_when_the_snapshots_topic_was_made_anew) {
    auto kept = std::unique_ptr<store::Store>();
    {
        Process first(world_, 2, short_rounds(), "first");
        decide_and_snapshot(first, world_);
        kept = std::move(first.store);
    }
    world_.snapshots.records.clear();
    Process warm(world_, 3, short_rounds(), "warm", std::move(kept));
    say(world_, pack(create_order("o3"), "c4"));
    decide_and_snapshot(warm, world_);
    world_.clock.advance(2s);
    warm.settle();
    EXPECT_EQ(world_.snapshots.keys_of("o2").size(), 1U);
    expect_a_restore_at_a_marker();
}

}  // namespace
}  // namespace foldstream::processing::simulation
