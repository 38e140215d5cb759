// What an owner refuses to go on from, loudly, and the words that let it go on.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

// Two orders, snapshots of both and a marker, by a process that is gone.
std::unique_ptr<store::Store> write_history(World& world) {
    Process process(world, 1, short_rounds());
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(create_order("o2"), "c2"));
    decide_and_snapshot(process, world);
    EXPECT_TRUE(world.snapshots.content().contains("@marker"));
    return std::move(process.store);
}

void overwrite(World& world, std::string_view key, std::string value) {
    world.snapshots.append(std::string(key), std::move(value));
}

void cut_and_grow(World& world, std::size_t kept) {
    world.log.resize(kept);
    Process other(world, 9, {}, "other");
    other.snapshots.blind = true;
    take(other);
    for (int i = 0; i < 3; ++i) say(world, pack(create_order("x" + std::to_string(i)), ""));
    other.settle();
}

TEST(Owner, folds_the_log_from_its_start_when_a_snapshot_cannot_be_read_and_writes_all_anew) {
    World world;
    write_history(world);
    const std::string broken = world.snapshots.keys_of("o1").front();
    overwrite(world, broken, "\xff\xff rubbish");
    Process restored(world, 2, short_rounds());
    take(restored);
    ASSERT_EQ(restored.owner.state(), OwnerState::owning);
    EXPECT_EQ(content(restored), content(*cold(world)));
    write_round(restored, world);
    ASSERT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    ASSERT_EQ(world.snapshots.keys_of("o2").size(), 1U);
    EXPECT_NE(world.snapshots.keys_of("o1").front(), broken);
}

TEST(Owner, believes_no_snapshot_and_no_marker_of_another_evolve_version) {
    World world;
    write_history(world);
    const auto before = world.snapshots.content();
    Process newer(world, 2, short_rounds());
    newer.domain->evolve_version = 2;
    take(newer);
    ASSERT_EQ(newer.owner.state(), OwnerState::owning);
    EXPECT_EQ(partition_of(newer)->position().covered, 0U);
    write_round(newer, world);  // everything is written under its version
    for (const auto* order : {"o1", "o2"}) {
        ASSERT_EQ(world.snapshots.keys_of(order).size(), 1U);
        EXPECT_FALSE(before.contains(world.snapshots.keys_of(order).front()));
    }
}

TEST(Owner, stops_when_the_log_no_longer_has_what_a_snapshot_was_folded_from) {
    World world;
    write_history(world);
    cut_and_grow(world, 1);  // the claim is left
    Process restored(world, 3);
    take(restored);
    EXPECT_EQ(restored.owner.state(), OwnerState::stopped);
    EXPECT_NE(restored.owner.reason().find("foldctl partitions reset"), std::string::npos);
}

TEST(Owner, stops_when_the_log_ends_before_what_a_snapshot_was_folded_from) {
    World world;
    write_history(world);
    world.log.clear();
    world.commands.clear();
    Process restored(world, 3);
    take(restored);
    EXPECT_EQ(restored.owner.state(), OwnerState::stopped);
    EXPECT_NE(restored.owner.reason().find("foldctl partitions reset"), std::string::npos);
}

TEST(Owner, obeys_a_reset_once_and_begins_from_empty) {
    World world;
    auto kept = write_history(world);
    cut_and_grow(world, 1);
    auto warm = std::make_unique<Process>(world, 3, OwnerLimits{}, "warm", std::move(kept));
    warm->owner.assign();
    warm->settle();
    ASSERT_EQ(warm->owner.state(), OwnerState::stopped);
    for (const auto& [key, value] : world.snapshots.content()) overwrite(world, key, "");
    v1::PartitionReset reset;
    reset.set_id("0123456789abcdef");
    overwrite(world, "@reset", reset.SerializeAsString());
    world.clock.advance(31s);
    warm->settle();
    ASSERT_EQ(warm->owner.state(), OwnerState::owning) << warm->owner.reason();
    EXPECT_EQ(content(*warm), content(*cold(world)));

    // The next accident needs the next word.
    auto again = std::move(warm->store);
    warm.reset();
    const std::size_t records = world.log.size();
    world.log.resize(records - 1);
    world.append("something else");
    world.append("and more");
    Process later(world, 4, {}, "later", std::move(again));
    take(later);
    EXPECT_EQ(later.owner.state(), OwnerState::stopped);
}

// Markers stay in the log when their snapshots are gone.
TEST(Owner, writes_everything_anew_when_it_folded_past_markers_whose_snapshots_are_gone) {
    World world;
    write_history(world);
    for (const auto& [key, value] : world.snapshots.content()) overwrite(world, key, "");
    Process process(world, 3, short_rounds());
    decide_and_snapshot(process, world);
    EXPECT_TRUE(world.snapshots.content().contains("@marker"));
    EXPECT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    EXPECT_EQ(world.snapshots.keys_of("o2").size(), 1U);
}

TEST(Owner, goes_on_from_where_an_adoption_says) {
    World world;
    for (int i = 0; i < 5; ++i) say(world, pack(create_order("o" + std::to_string(i)), ""));
    std::unique_ptr<store::Store> kept;
    {
        Process first(world, 1);
        take(first);
        kept = std::move(first.store);
    }
    world.commands.clear();  // the topic was recreated
    say(world, pack(pay("o0"), "new"));
    Process second(world, 2, {}, "second", std::move(kept));
    take(second);
    ASSERT_EQ(second.owner.state(), OwnerState::stopped);
    EXPECT_NE(second.owner.reason().find("foldctl partitions adopt"), std::string::npos);

    v1::Claim claim;
    claim.set_nonce("0123456789abcdef");
    claim.mutable_adoption()->set_next_offset(0);
    const Epoch next(second.owner.position().epoch.value + 1);
    world.append(codec::claim_record(next, claim.SerializeAsString()));
    world.clock.advance(31s);
    second.settle();
    ASSERT_EQ(second.owner.state(), OwnerState::owning) << second.owner.reason();
    const auto entries = valid_entries(world);
    EXPECT_EQ(entries.back().second.command_id(), "new");
    EXPECT_EQ(entries.back().second.outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(content(second), content(*cold(world)));
}

TEST(Owner, begins_again_from_empty_at_a_gap_and_stops_at_the_third) {
    World world;
    write_history(world);
    // An entry that was decided on another state than the log gives: no owner writes one.
    v1::Entries entries;
    v1::Entry& entry = *entries.add_entries();
    entry.mutable_command()->set_offset(2);
    entry.set_next_offset(3);
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    entry.set_command_id("c9");
    entry.set_body_hash("0123456789abcdef");
    entry.set_aggregate_id("o1");
    entry.set_version(7);
    say(world, pack(pay("o1"), "c9"));
    replay::LogReader reader;
    for (std::size_t i = 0; i < world.log.size(); ++i) {
        (void)reader.feed({Offset(static_cast<std::int64_t>(i)), 0, world.log[i].value});
    }
    const replay::Position end = reader.position();
    world.append(codec::entries_record(end.epoch, Sequence(end.sequence.value + 1), end.link, 1,
                                       entries.SerializeAsString()));
    Process restored(world, 2);
    take(restored);
    EXPECT_EQ(restored.owner.state(), OwnerState::stopped);
    EXPECT_EQ(restored.snapshots.starts, 3);
    EXPECT_NE(restored.owner.reason().find("was decided on version 7"), std::string::npos);
}

TEST(Owner, stops_when_the_snapshots_topic_cannot_be_read_and_looks_again) {
    World world;
    write_history(world);
    Process process(world, 2);
    process.snapshots.broken = true;
    take(process);
    ASSERT_EQ(process.owner.state(), OwnerState::stopped);
    process.snapshots.broken = false;
    world.clock.advance(31s);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
}

TEST(Owner, restores_again_when_it_is_killed_in_the_middle_of_a_restore) {
    World world;
    write_history(world);
    std::unique_ptr<store::Store> kept;
    {
        Process killed(world, 2);
        killed.owner.assign();
        killed.snapshots.paused = true;
        killed.run();
        kept = std::move(killed.store);
    }
    Process process(world, 3, {}, "third", std::move(kept));
    take(process);
    ASSERT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(content(process), content(*cold(world)));
}

}  // namespace
}  // namespace foldstream::processing::simulation
