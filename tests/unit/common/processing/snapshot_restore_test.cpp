// Snapshots that no owner has written: anybody who may write to the topic can.
#include "common/processing/snapshot_restore.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/processing/store_keys.hpp"
#include "domains/registry.hpp"
#include "tests/unit/common/processing/counting_store.hpp"
#include "tests/unit/common/processing/simulated_snapshots.hpp"

namespace foldstream::processing::simulation {
namespace {

std::string snapshot(std::uint64_t sequence, std::uint64_t first_slot, std::uint64_t next_slot,
                     int slots) {
    v1::Snapshot made;
    made.set_state_version(1);
    made.mutable_aggregate()->set_version(1);
    made.mutable_aggregate()->set_sequence(sequence);
    made.mutable_aggregate()->set_first_slot(first_slot);
    made.mutable_aggregate()->set_next_slot(next_slot);
    for (int i = 0; i < slots; ++i) made.add_slots()->set_command_id(std::to_string(i));
    return made.SerializeAsString();
}

class Restore : public ::testing::Test {
protected:
    void run() {
        SnapshotRestore restore(*domains::registry().find("orders"), store_, source_);
        restore.begin(true);
        bool worked = false;
        ASSERT_EQ(restore.step(worked), SnapshotRestore::Progress::done);
    }
    // Places of slots that are gone are empty.
    [[nodiscard]] std::size_t slots() const {
        std::size_t count = 0;
        for (const auto& [key, value] : store_.scan(slot_prefix("o-1"), {}, 0)) {
            v1::StoredSlots together;
            EXPECT_TRUE(together.ParseFromString(value));
            for (const std::string& slot : together.slots()) count += slot.empty() ? 0 : 1;
        }
        return count;
    }

    SnapshotTopic topic_;
    SimSnapshotSource source_{topic_};
    std::unique_ptr<store::Store> stores_ = store::make_memory_store();
    StoreCounts counts_;
    CountingStore store_{stores_->open("orders", Partition(0), 1), counts_};
};

TEST_F(Restore, leaves_the_slots_of_the_newer_snapshot_alone) {
    topic_.append("o-1@1", snapshot(3, 0, 20, 20));
    topic_.append("o-1@2", snapshot(7, 17, 21, 4));
    run();
    EXPECT_EQ(slots(), 4U);
    EXPECT_EQ(counts_.erases, 2U);
}

TEST_F(Restore, does_no_work_for_slots_that_are_only_claimed_to_be_there) {
    constexpr std::uint64_t claimed = 1'000'000;  // up to 2^64 would be as easily said
    topic_.append("o-1@1", snapshot(3, 0, 2, 2));
    topic_.append("o-1@2", snapshot(7, claimed, claimed + 1, 1));
    run();
    EXPECT_EQ(slots(), 1U);
    EXPECT_EQ(counts_.erases, 1U);
}

TEST_F(Restore, does_not_believe_a_snapshot_without_the_slots_that_it_claims) {
    topic_.append("o-1@1", snapshot(3, 0, 2, 2));
    topic_.append("o-1@2", snapshot(7, 0, 3, 2));
    run();
    EXPECT_EQ(slots(), 2U);
    EXPECT_TRUE(store_.position().rewrite_all);
}

}  // namespace
}  // namespace foldstream::processing::simulation
