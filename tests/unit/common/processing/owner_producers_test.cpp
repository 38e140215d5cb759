// A producer that is beyond use and was replaced: what it had in flight lands, or does not, when
// the owner has long gone on.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

// As the worker does it: no report of what the old producer had ever comes. What its socket has.
std::deque<SimSink::InFlight> lose_producer(Process& process) {
    auto late = std::exchange(process.sink.in_flight, {});
    process.owner.producer_lost();
    return late;
}

std::deque<SimSnapshotSink::InFlight> lose_snapshot_producer(Process& process) {
    auto late = std::exchange(process.snapshot_sink.in_flight, {});
    process.owner.snapshot_producer_lost();
    return late;
}

void land(World& world, const std::deque<SimSink::InFlight>& late) {
    for (const auto& record : late) world.append(record.value);
}

void land(World& world, const std::deque<SimSnapshotSink::InFlight>& late) {
    for (const auto& record : late) world.snapshots.append(record.key, record.value);
}

std::vector<std::string> decided(const World& world) {
    std::vector<std::string> ids;
    for (const auto& [sequence, entry] : valid_entries(world)) {
        if (entry.has_command()) ids.push_back(entry.command_id());
    }
    return ids;
}

TEST(LostProducer, with_the_claim_in_its_hands_is_followed_by_another_claim) {
    World world;
    Process process(world, 1);
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.run();
    ASSERT_EQ(process.owner.state(), OwnerState::claiming);
    lose_producer(process);  // and the claim is nowhere
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
    world.clock.advance(2s);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(decided(world), std::vector<std::string>{"c1"});
}

// It opens an epoch that nobody decides in.
TEST(LostProducer, whose_claim_lands_late_is_followed_by_another_claim) {
    World world;
    Process process(world, 1);
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.run();
    const auto late = lose_producer(process);
    ASSERT_EQ(late.size(), 1U);
    land(world, late);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
    EXPECT_TRUE(valid_entries(world).empty());
    world.clock.advance(2s);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
    EXPECT_EQ(decided(world), std::vector<std::string>{"c1"});
}

// An owner of o1 that has decided c2 and c3, in two records, when its producer fails.
class LostWindow : public ::testing::Test {
protected:
    void SetUp() override {
        own_an_order(process_, world_);
        for (const auto* id : {"c2", "c3"}) {
            say(world_, pack(pay("o1"), id));
            process_.run();
        }
        ASSERT_EQ(process_.sink.in_flight.size(), 2U);
        told_ = process_.outcomes.told.size();
        late_ = lose_producer(process_);
        EXPECT_EQ(process_.owner.state(), OwnerState::backing_off);
        EXPECT_EQ(process_.owner.window_entries(), 0U);
    }
    void claim_again() {
        world_.clock.advance(2s);
        process_.settle();
        ASSERT_EQ(process_.owner.state(), OwnerState::owning);
        ASSERT_EQ(process_.owner.position().epoch, Epoch(2));
    }
    void expect_each_command_decided_once() {
        EXPECT_EQ(decided(world_), (std::vector<std::string>{"c1", "c2", "c3"}));
        EXPECT_EQ(content(process_), content(*cold(world_)));
    }
    [[nodiscard]] std::size_t told_since() const { return process_.outcomes.told.size() - told_; }

    World world_;
    Process process_{world_, 1};
    std::deque<SimSink::InFlight> late_;
    std::size_t told_ = 0;
};

TEST_F(LostWindow, is_decided_again_when_it_never_lands) {
    claim_again();
    expect_each_command_decided_once();
    EXPECT_EQ(told_since(), 2U);
}

// They count, and nobody who was told of a failure is told otherwise.
TEST_F(LostWindow, is_not_decided_again_when_it_lands_before_the_next_claim) {
    land(world_, late_);
    claim_again();
    expect_each_command_decided_once();
    EXPECT_EQ(told_since(), 0U);
}

TEST_F(LostWindow, is_decided_again_from_where_the_part_that_landed_ends) {
    late_.pop_back();
    land(world_, late_);
    claim_again();
    expect_each_command_decided_once();
    EXPECT_EQ(told_since(), 1U);
}

TEST_F(LostWindow, does_not_count_when_it_lands_behind_the_next_claim) {
    claim_again();
    land(world_, late_);
    process_.settle();
    EXPECT_EQ(process_.owner.state(), OwnerState::owning);
    EXPECT_EQ(process_.owner.position().epoch, Epoch(2));
    expect_each_command_decided_once();
}

TEST(LostProducer, with_nothing_in_its_hands_costs_no_claim) {
    World world;
    Process process(world, 1);
    own_an_order(process, world);
    lose_producer(process);
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    say(world, pack(pay("o1"), "c2"));
    process.settle();
    EXPECT_EQ(decided(world), (std::vector<std::string>{"c1", "c2"}));
    EXPECT_EQ(process.owner.position().epoch, Epoch(1));
}

TEST(LostProducer, of_an_owner_that_leaves_ends_its_leave) {
    World world;
    Process process(world, 1);
    own_an_order(process, world);
    say(world, pack(pay("o1"), "c2"));
    process.run();
    process.owner.revoke();
    ASSERT_EQ(process.owner.state(), OwnerState::draining);
    const auto late = lose_producer(process);
    EXPECT_EQ(process.owner.state(), OwnerState::idle);
    land(world, late);
    Process next(world, 2, {}, "next");
    take(next);
    EXPECT_EQ(decided(world), (std::vector<std::string>{"c1", "c2"}));
}

TEST(LostSnapshotProducer,
     in_a_round_is_followed_by_a_claim_and_a_round_that_late_records_do_not_hurt) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    world.clock.advance(2s);
    process.run();
    ASSERT_EQ(process.snapshot_sink.in_flight.size(), 2U);
    const auto late = lose_snapshot_producer(process);
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
    say(world, pack(pay("o1"), "c2"));
    write_round(process, world);
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
    EXPECT_EQ(markers(world), 0U);
    write_round(process, world);
    EXPECT_EQ(markers(world), 1U);
    land(world, late);
    compact_all(world, process.random);
    expect_restore(world);
}

// W5: of what it sent before, a part may land even when everything was reported.
TEST(LostSnapshotProducer, at_rest_is_followed_by_a_claim) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    write_round(process, world);
    lose_snapshot_producer(process);
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
    say(world, pack(pay("o1"), "c2"));
    for (int i = 0; i < 2; ++i) write_round(process, world);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
    EXPECT_EQ(markers(world), 2U);
    expect_restore(world);
}

// The second round of an order, up to the tombstones of the first one, which are on their way.
void sweep_an_order(Process& process, World& world) {
    own_an_order(process, world);
    write_round(process, world);
    say(world, pack(pay("o1"), "c2"));
    process.settle();
    world.clock.advance(2s);
    process.run();
    while (!process.snapshot_sink.in_flight.empty()) process.snapshot_sink.land(process.owner);
    process.run();
    while (!process.sink.in_flight.empty()) process.sink.land(process.owner);  // the marker
    process.run();
    process.snapshot_sink.land(process.owner);  // the pointer
    process.run();
    ASSERT_FALSE(process.snapshot_sink.in_flight.empty());
    ASSERT_EQ(markers(world), 2U);
}

TEST(LostSnapshotProducer, in_a_sweep_is_followed_by_one_that_takes_what_stayed) {
    World world;
    Process process(world, 1, short_rounds());
    sweep_an_order(process, world);
    lose_snapshot_producer(process);
    write_round(process, world);
    ASSERT_EQ(world.snapshots.keys_of("o1").size(), 2U);
    say(world, pack(orders::v1::CancelOrder(), "c3", [](v1::Command& command) {
            orders::v1::CancelOrder cancel;
            cancel.set_order_id("o1");
            command.set_value(cancel.SerializeAsString());
        }));
    for (int i = 0; i < 2; ++i) write_round(process, world);
    EXPECT_EQ(world.snapshots.keys_of("o1").size(), 1U);
    expect_restore(world);
}

// The sweep's tombstones: some older snapshots stay, none that a marker needs goes.
TEST(LostSnapshotProducer, in_a_sweep_leaves_what_the_markers_vouch_for) {
    World world;
    Process process(world, 1, short_rounds());
    sweep_an_order(process, world);
    const auto late = lose_snapshot_producer(process);
    for (int i = 0; i < 2; ++i) write_round(process, world);
    ASSERT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
    land(world, late);
    compact_all(world, process.random);
    expect_restore(world);
}

TEST(LostSnapshotProducer, in_a_deletion_ends_it_and_late_tombstones_hurt_no_round_behind_it) {
    World world;
    Process process(world, 1, short_rounds());
    own_an_order(process, world);
    write_round(process, world);
    say(world, pack(v1::DeleteSnapshots(), "gone"));
    const auto pointer_goes = [&] {
        return process.snapshot_sink.in_flight.size() == 1 &&
               process.snapshot_sink.in_flight.front().key == "@marker";
    };
    process.run();
    while (!process.sink.in_flight.empty() && !pointer_goes()) {
        process.sink.land(process.owner);
        process.run();
    }
    ASSERT_TRUE(pointer_goes());
    process.snapshot_sink.land(process.owner);
    process.run();
    ASSERT_FALSE(process.snapshot_sink.in_flight.empty());  // tombstones
    const auto late = lose_snapshot_producer(process);
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
    const std::size_t before = markers(world);
    for (int i = 0; i < 3; ++i) write_round(process, world);
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(markers(world), before + 1);  // everything is dirty behind the word
    land(world, late);
    compact_all(world, process.random);
    expect_restore(world);
}

TEST(LostSnapshotProducer, is_nothing_to_who_does_not_own) {
    World world;
    Process process(world, 1);
    say(world, pack(create_order("o1"), "c1"));
    lose_snapshot_producer(process);
    EXPECT_EQ(process.owner.state(), OwnerState::idle);
    process.owner.assign();
    process.run();
    lose_snapshot_producer(process);
    EXPECT_EQ(process.owner.state(), OwnerState::claiming);
    process.settle();
    EXPECT_EQ(process.owner.position().epoch, Epoch(1));
}

}  // namespace
}  // namespace foldstream::processing::simulation
