// Owners of two evolve_versions of one log, one after the other: the markers of the one are nothing
// to the other, but their sweeps are (W6).
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

bool began_at_marker(Process& process) { return partition_of(process)->position().from_marker; }

void leave(Process& process, World& world) {
    process.owner.revoke();
    world.clock.advance(6s);
    process.settle();
    ASSERT_EQ(process.owner.state(), OwnerState::idle);
}

// Of a newer binary: owns the partition, writes all snapshots under its version, and leaves.
void own_for_a_while(World& world) {
    Process newer(world, 2, short_rounds(), "newer");
    newer.domain->evolve_version = 2;
    decide_and_snapshot(newer, world);
    ASSERT_EQ(newer.owner.state(), OwnerState::owning);
    leave(newer, world);
}

// Two orders in snapshots of this binary's version.
class TwoVersions : public ::testing::Test {
protected:
    void SetUp() override {
        say(world_, pack(create_order("o1"), "c1"));
        say(world_, pack(create_order("o2"), "c2"));
        decide_and_snapshot(*warm_, world_);
        for (const auto* order : {"o1", "o2"})
            ASSERT_EQ(world_.snapshots.keys_of(order).size(), 1U);
        covered_ = partition_of(*warm_)->position().covered;
        ASSERT_GT(covered_, 0U);
        leave(*warm_, world_);
    }

    World world_;
    std::unique_ptr<Process> warm_ = std::make_unique<Process>(world_, 1, short_rounds(), "warm");
    std::uint64_t covered_ = 0;
};

// An update that was taken back. What its own markers vouched for has been swept.
TEST_F(TwoVersions, a_warm_store_that_meets_the_others_marker_writes_everything_anew) {
    own_for_a_while(world_);
    say(world_, pack(pay("o1"), "c3"));  // o2 is not touched again
    take(*warm_);
    ASSERT_EQ(warm_->owner.state(), OwnerState::owning) << warm_->owner.reason();
    EXPECT_EQ(partition_of(*warm_)->position().covered, covered_);
    EXPECT_TRUE(partition_of(*warm_)->position().rewrite_all);
    for (int i = 0; i < 2; ++i) write_round(*warm_, world_);
    EXPECT_FALSE(partition_of(*warm_)->position().rewrite_all);
    EXPECT_GT(partition_of(*warm_)->position().covered, covered_);

    Process restored(world_, 3);
    restored.owner.assign();
    restored.run();
    ASSERT_NE(restored.owner.state(), OwnerState::stopped) << restored.owner.reason();
    EXPECT_TRUE(began_at_marker(restored));
    EXPECT_EQ(restored.snapshots.starts, 1);
    EXPECT_EQ(content(restored), content(*cold(world_)));
}

// It says so also when it is killed before its next round: the store keeps it.
TEST_F(TwoVersions, a_warm_store_that_is_killed_behind_the_others_marker_still_writes_everything) {
    own_for_a_while(world_);
    take(*warm_);
    auto kept = std::move(warm_->store);
    warm_.reset();
    Process again(world_, 4, short_rounds(), "again", std::move(kept));
    take(again);
    EXPECT_TRUE(partition_of(again)->position().rewrite_all);
    for (int i = 0; i < 2; ++i) write_round(again, world_);
    Process restored(world_, 3);
    restored.owner.assign();
    restored.run();
    EXPECT_TRUE(began_at_marker(restored));
    EXPECT_EQ(content(restored), content(*cold(world_)));
}

// The pointer was read before the other one's round, some of its snapshots after the sweep.
TEST_F(TwoVersions, a_restore_that_meets_the_others_marker_begins_again_without_its_own) {
    auto before = world_.snapshots;
    before.lose("o2");
    own_for_a_while(world_);
    world_.snapshots = before;
    Process restored(world_, 3, short_rounds(), "restored");
    restored.owner.assign();
    restored.run();
    ASSERT_NE(restored.owner.state(), OwnerState::stopped) << restored.owner.reason();
    EXPECT_EQ(restored.snapshots.starts, 2);
    EXPECT_FALSE(began_at_marker(restored));
    EXPECT_EQ(content(restored), content(*cold(world_)));
    restored.settle();
    EXPECT_EQ(restored.owner.state(), OwnerState::owning);
    for (int i = 0; i < 2; ++i) write_round(restored, world_);
    EXPECT_EQ(world_.snapshots.keys_of("o2").size(), 1U);
}

// Its marker lies before the one that the restore begins at: all that this one vouches for is
// there.
TEST_F(TwoVersions, a_restore_behind_the_others_marker_begins_at_its_own) {
    own_for_a_while(world_);
    take(*warm_);
    for (int i = 0; i < 2; ++i) write_round(*warm_, world_);
    Process restored(world_, 3);
    restored.owner.assign();
    restored.run();
    EXPECT_EQ(restored.snapshots.starts, 1);
    EXPECT_TRUE(began_at_marker(restored));
    EXPECT_EQ(content(restored), content(*cold(world_)));
}

}  // namespace
}  // namespace foldstream::processing::simulation
