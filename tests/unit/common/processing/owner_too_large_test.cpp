// Decisions whose entry, or whose aggregate's snapshot, no topic would take.
#include <gtest/gtest.h>

#include <string>

#include "common/processing/decider.hpp"
#include "foldstream/orders/v1/events.pb.h"
#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

// A domain whose events say more than their commands: `bytes` more in the address of an order that
// is made, which its state does not keep; or in the id of an item that is added, which it keeps.
void swell(Process& process, const std::string& command, std::size_t bytes) {
    for (auto& type : process.domain->commands) {
        if (!type->name.ends_with("." + command)) continue;
        type->decide = [decide = type->decide, bytes](const fold::State& state,
                                                      const fold::Message& message,
                                                      const fold::Context& context) {
            fold::Decided decided = decide(state, message, context);
            if (!decided) return decided;
            for (fold::NewEvent& event : *decided) {
                const std::string more(bytes, 'x');
                if (auto* made = dynamic_cast<orders::v1::OrderCreated*>(event.message.get())) {
                    made->set_shipping_address(more);
                }
                if (auto* added = dynamic_cast<orders::v1::ItemAdded*>(event.message.get())) {
                    added->mutable_item()->set_item_id(added->item().item_id() + more);
                }
            }
            return decided;
        };
    }
}

std::string add_item(const std::string& item, const std::string& id) {
    orders::v1::AddItem command;
    command.set_order_id("o1");
    *command.mutable_item() = create_order("o1").items(0);
    command.mutable_item()->set_item_id(item);
    return pack(command, id);
}

// The decisions in the order of their commands: each command has one.
std::vector<v1::Entry> decisions(const World& world) {
    std::vector<v1::Entry> all;
    for (const auto& [sequence, entry] : valid_entries(world)) {
        EXPECT_EQ(entry.command().offset(), all.size());
        all.push_back(entry);
    }
    return all;
}

TEST(TooLarge, is_a_command_whose_entry_no_topic_would_take_and_nothing_of_it_stays) {
    World world;
    Process process(world, 1);
    swell(process, "CreateOrder", max_entry_bytes);
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(create_order("o1"), "c1"));  // again: no slot answers it
    say(world, pack(pay("o1"), "c2"));
    take(process);
    const auto entries = decisions(world);
    ASSERT_EQ(entries.size(), 3U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(entries[i].outcome(), v1::OUTCOME_REFUSED);
        EXPECT_EQ(entries[i].code(), "too-large");
        EXPECT_EQ(entries[i].events_size(), 0);
        EXPECT_EQ(entries[i].version(), 0U);
        EXPECT_LT(entries[i].ByteSizeLong(), 1000U);
    }
    EXPECT_EQ(entries[2].code(), "not-found");
    EXPECT_TRUE(content(process).empty());
    EXPECT_EQ(process.owner.position().epoch, Epoch(1));
}

TEST(TooLarge, is_no_command_whose_entry_fits) {
    World world;
    Process process(world, 1);
    swell(process, "CreateOrder", max_entry_bytes - 10'000);
    say(world, pack(create_order("o1"), "c1"));
    take(process);
    ASSERT_EQ(decisions(world).size(), 1U);
    EXPECT_EQ(decisions(world)[0].outcome(), v1::OUTCOME_ACCEPTED);
}

TEST(TooLarge, is_a_command_that_would_make_its_aggregate_larger_than_a_snapshot) {
    World world;
    Process process(world, 1, short_rounds());
    swell(process, "AddItem", max_entry_bytes / 3);
    say(world, pack(create_order("o1"), "c1"));
    say(world, add_item("i2", "c2"));
    say(world, add_item("i3", "c3"));  // no room for its slot beside the two of them
    say(world, pack(pay("o1"), "c4"));
    take(process);
    const auto entries = decisions(world);
    ASSERT_EQ(entries.size(), 4U);
    EXPECT_EQ(entries[1].outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(entries[2].code(), "too-large");
    EXPECT_EQ(entries[2].events_size(), 0);
    EXPECT_EQ(entries[2].version(), 2U);
    EXPECT_EQ(entries[3].outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(entries[3].version(), 3U);
    EXPECT_EQ(content(process), content(*cold(world)));
    write_round(process, world);
    for (const auto& [key, value] : world.snapshots.content()) {
        EXPECT_LE(value.size(), max_entry_bytes);
    }
    EXPECT_EQ(world.snapshots.keys_of("o1").size(), 1U);
}

TEST(TooLarge, is_no_command_that_is_only_tried) {
    World world;
    Process process(world, 1);
    swell(process, "CreateOrder", max_entry_bytes);
    say(world,
        pack(create_order("o1"), "c1", [](v1::Command& command) { command.set_dry_run(true); }));
    take(process);
    ASSERT_EQ(decisions(world).size(), 1U);
    EXPECT_EQ(decisions(world)[0].outcome(), v1::OUTCOME_DRY_RUN);
    EXPECT_LT(decisions(world)[0].ByteSizeLong(), 1000U);
}

}  // namespace
}  // namespace foldstream::processing::simulation
