// What was read back is answered at once and written into the store later; a crash in between loses
// nothing that the log does not have.
#include <gtest/gtest.h>

#include <string>

#include "common/processing/store_keys.hpp"
#include "common/runtime/log.hpp"
#include "tests/unit/common/processing/counting_store.hpp"
#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

class WriteBack : public ::testing::Test {
protected:
    WriteBack() {
        runtime::start_logging(runtime::Level::error, "test");
        say(world_, pack(create_order("o1"), "c1"));
        process_ = std::make_unique<Process>(world_, 1);
        process_->owner.assign();
        process_->settle();
    }

    // Until the owner has told of one more entry, and not a step further.
    void step_until_told() {
        const std::size_t before = process_->outcomes.told.size();
        while (process_->outcomes.told.size() == before) {
            process_->owner.step();
            while (!process_->sink.in_flight.empty()) process_->sink.land(process_->owner);
        }
    }
    [[nodiscard]] std::uint64_t stored() const {
        return partition_of(*process_)->position().position.sequence.value;
    }

    World world_;
    std::unique_ptr<Process> process_;
};

TEST_F(WriteBack, comes_after_the_answer_and_when_there_is_nothing_else_to_do) {
    say(world_, pack(pay("o1"), "c2"));
    step_until_told();
    EXPECT_EQ(stored(), 1U);
    process_->run();
    EXPECT_EQ(stored(), 2U);
    EXPECT_EQ(content(*process_), content(*cold(world_)));
}

TEST_F(WriteBack, that_a_crash_prevents_is_made_good_from_the_log) {
    say(world_, pack(pay("o1"), "c2"));
    step_until_told();
    auto kept = std::move(process_->store);
    process_.reset();
    Process next(world_, 2, {}, "p", std::move(kept));
    say(world_, pack(pay("o1"), "c2"));  // sent again
    next.owner.assign();
    next.settle();
    const auto entries = valid_entries(world_);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[2].second.outcome(), v1::OUTCOME_DUPLICATE);
    EXPECT_EQ(entries[2].second.first(), 2U);
    EXPECT_EQ(content(next), content(*cold(world_)));
}

TEST_F(WriteBack, comes_before_everything_speculative_is_dropped) {
    say(world_, pack(pay("o1"), "c2"));
    step_until_told();
    process_->owner.drain();
    process_->owner.step();
    ASSERT_EQ(process_->owner.state(), OwnerState::idle);
    EXPECT_EQ(stored(), 2U);
}

// Settles refusals that leave a slot each, of `orders` orders in turn.
StoreCounts settled(std::size_t changes, std::size_t orders) {
    StoreCounts counts;
    const auto stores = store::make_memory_store();
    SeededRandom whim(1);
    const auto domain = orders_with_a_whim(whim);
    PartitionState state(*domain, Partition(0),
                         std::make_unique<CountingStore>(
                             stores->open("orders", Partition(0), domain->evolve_version), counts));
    store::StoredPosition position;
    for (std::size_t i = 0; i < changes; ++i) {
        v1::Entry entry;
        entry.set_outcome(v1::OUTCOME_ACCEPTED);
        entry.set_command_id("c" + std::to_string(i));
        entry.set_body_hash("h");
        entry.set_aggregate_id("o" + std::to_string(i % orders));
        std::vector<Change> made;
        EXPECT_EQ(state.fold(entry, Sequence(i + 1), made).reason, "");
        position.position.sequence = Sequence(i + 1);
        state.settle(std::move(made), position);
        EXPECT_EQ(state.position(), position);
    }
    return counts;
}

TEST(PartitionState, writes_what_an_aggregate_did_once_for_all_of_it) {
    const auto none = settled(most_unwritten_entries - 1, 16);
    EXPECT_EQ(none.batches, 0U);
    const auto once = settled(most_unwritten_entries, 16);
    EXPECT_EQ(once.batches, 1U);
    // State, mark, and the slots, eight under one key.
    EXPECT_LE(once.puts, 16 * 2 + most_unwritten_entries / slots_a_key);
}

TEST(PartitionState, does_not_keep_more_aggregates_unwritten_than_its_bound) {
    EXPECT_EQ(settled(most_unwritten_aggregates - 1, most_unwritten_entries).batches, 0U);
    EXPECT_EQ(settled(most_unwritten_aggregates, most_unwritten_entries).batches, 1U);
}

}  // namespace
}  // namespace foldstream::processing::simulation
