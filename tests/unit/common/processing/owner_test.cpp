#include "common/processing/owner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

TEST(Owner, decides_nothing_before_its_own_claim_is_read) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::claiming);
    ASSERT_EQ(process.sink.in_flight.size(), 1U);  // the claim alone
    process.sink.land(process.owner);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(process.sink.in_flight.size(), 1U);  // now the entry
}

TEST(Owner, tells_nobody_of_an_entry_before_it_is_read_back) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.run();
    EXPECT_TRUE(process.outcomes.told.empty());
    EXPECT_EQ(process.owner.window_entries(), 1U);
    process.sink.land(process.owner);
    process.run();
    ASSERT_EQ(process.outcomes.told.size(), 1U);
    EXPECT_EQ(process.outcomes.told[0].first, Sequence(1));
    EXPECT_EQ(process.owner.window_entries(), 0U);
}

TEST(Owner, writes_one_entry_for_every_command_that_is_read_refusals_and_rubbish_too) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    say(world, "rubbish");
    say(world, pack(pay("nobody"), "c2"));
    say(world, pack(create_order("o1"), "c1"));  // again
    say(world, pack(create_order("o1"), "c3"));
    say(world, pack(pay("o1"), "c1"));  // the same id, another body
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 6U);
    EXPECT_EQ(entries[0].second.outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(entries[1].second.code(), "invalid");
    EXPECT_TRUE(entries[1].second.command_id().empty());
    EXPECT_EQ(entries[2].second.code(), "not-found");
    EXPECT_EQ(entries[3].second.outcome(), v1::OUTCOME_DUPLICATE);
    EXPECT_EQ(entries[3].second.first(), 1U);
    EXPECT_EQ(entries[4].second.code(), "already-exists");
    EXPECT_EQ(entries[5].second.code(), "command-id-reused");
    for (std::size_t i = 0; i < entries.size(); ++i) {
        EXPECT_EQ(entries[i].second.command().offset(), i);
        EXPECT_EQ(entries[i].second.next_offset(), i + 1);
    }
}

TEST(Owner, checks_the_expected_version) {
    World world;
    const auto expect = [](std::uint64_t version) {
        return [version](v1::Command& command) { command.set_expected_version(version); };
    };
    say(world, pack(create_order("o1"), "c1", expect(0)));
    say(world, pack(pay("o1"), "c2", expect(7)));
    say(world, pack(pay("o1"), "c3", expect(1)));
    say(world, pack(create_order("o1"), "c4", expect(0)));
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 4U);
    EXPECT_EQ(entries[0].second.outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(entries[1].second.code(), "version-conflict");
    EXPECT_EQ(entries[1].second.expected_version(), 7U);
    EXPECT_EQ(entries[1].second.version(), 1U);
    EXPECT_EQ(entries[2].second.outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(entries[3].second.code(), "version-conflict");
}

TEST(Owner, leaves_no_trace_of_a_dry_run_but_its_entry) {
    World world;
    const auto dry = [](v1::Command& command) { command.set_dry_run(true); };
    say(world, pack(create_order("o1"), "c1", dry));
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(create_order("o1"), "c9", dry));
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].second.outcome(), v1::OUTCOME_DRY_RUN);
    EXPECT_EQ(entries[0].second.events_size(), 0);
    EXPECT_EQ(entries[1].second.outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(entries[2].second.outcome(), v1::OUTCOME_DRY_RUN);
    EXPECT_EQ(entries[2].second.code(), "already-exists");
}

TEST(Owner, puts_several_entries_into_a_record_when_they_wait_together) {
    World world;
    for (int i = 0; i < 1000; ++i) {
        say(world, pack(create_order("o" + std::to_string(i)), "c" + std::to_string(i)));
    }
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    EXPECT_EQ(valid_entries(world).size(), 1000U);
    EXPECT_LT(world.log.size(), 12U);
    for (const StoredRecord& record : world.log) EXPECT_LE(record.value.size(), 66U * 1024);
}

TEST(Owner, keeps_the_window_within_its_bound_while_nothing_is_read_back) {
    World world;
    for (int i = 0; i < 500; ++i) {
        say(world, pack(create_order("o" + std::to_string(i)), "c" + std::to_string(i)));
    }
    OwnerLimits limits;
    limits.window_entries = 40;
    Process process(world, 1, limits);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.run();
    EXPECT_EQ(process.owner.window_entries(), 40U);
    process.settle();
    EXPECT_EQ(valid_entries(world).size(), 500U);
}

TEST(Owner, holds_one_state_of_an_aggregate_for_each_record_of_the_window) {
    World world;
    Process process(world, 1);
    std::vector<std::weak_ptr<const void>> states;
    for (auto& event : process.domain->events) {
        event->evolve = [evolve = event->evolve, &states](const fold::State& state,
                                                          const fold::Message& message,
                                                          const fold::Meta& meta) {
            fold::State next = evolve(state, message, meta);
            states.emplace_back(next);
            return next;
        };
    }
    say(world, pack(create_order("o1"), ""));
    for (int i = 0; i < 900; ++i) {
        orders::v1::AddItem add;
        add.set_order_id("o1");
        *add.mutable_item() = create_order("o1").items(0);
        add.mutable_item()->set_item_id("more" + std::to_string(i));
        say(world, pack(add, ""));
    }
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);  // the claim
    process.run();
    ASSERT_EQ(process.owner.window_entries(), 901U);
    EXPECT_EQ(states.size(), 901U);
    const auto alive = std::count_if(states.begin(), states.end(),
                                     [](const auto& state) { return !state.expired(); });
    EXPECT_LE(static_cast<std::size_t>(alive), process.sink.in_flight.size() + 1);
}

TEST(Owner, waits_while_the_producers_queue_is_full_and_loses_nothing) {
    World world;
    for (int i = 0; i < 600; ++i) {
        say(world, pack(create_order("o" + std::to_string(i)), "c" + std::to_string(i)));
    }
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.sink.queue_full = true;
    process.run();
    EXPECT_TRUE(process.sink.in_flight.empty());
    process.sink.queue_full = false;
    process.settle();
    EXPECT_EQ(valid_entries(world).size(), 600U);
}

// The delivery of a record fails: what was decided on top of it is dropped, and decided again.
TEST(Owner, claims_anew_after_a_failed_delivery_and_decides_the_command_again) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.run();
    process.sink.fail(process.owner);
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);  // not before the pause is over
    world.clock.advance(2s);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
    ASSERT_EQ(valid_entries(world).size(), 1U);
    EXPECT_EQ(process.outcomes.told.size(), 1U);
}

TEST(Owner, takes_a_report_without_an_offset_for_no_delivery) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.run();
    process.sink.pretend(process.owner);
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
}

TEST(Owner, claims_anew_when_a_delivered_record_is_never_read_back) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    say(world, pack(create_order("o1"), "c1"));
    process.run();
    ASSERT_EQ(process.sink.in_flight.size(), 1U);
    const std::uint64_t tag = process.sink.in_flight.front().tag;
    process.sink.in_flight.clear();
    kafka::DeliveryReport report;
    report.tag = tag;
    report.no_error = true;
    report.offset = 99;
    process.owner.delivery(report);
    world.clock.advance(59s);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    world.clock.advance(2s);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
}

TEST(Owner, is_fenced_by_a_foreign_claim_and_its_late_entries_do_not_count) {
    World world;
    Process first(world, 1, {}, "first");
    first.owner.assign();
    first.settle();
    say(world, pack(create_order("o1"), "c1"));
    first.run();  // decided, in flight
    Process second(world, 2, {}, "second");
    second.owner.assign();
    second.settle();
    EXPECT_EQ(second.owner.state(), OwnerState::owning);
    first.sink.land(first.owner);  // lands behind the claim
    first.run();
    EXPECT_EQ(first.owner.state(), OwnerState::backing_off);
    EXPECT_TRUE(first.outcomes.told.empty());
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(second.outcomes.told.size(), 1U);
}

TEST(Owner, takes_somebody_elses_claim_of_the_same_epoch_for_no_own) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.run();
    ASSERT_EQ(process.owner.state(), OwnerState::claiming);
    v1::Claim claim;
    claim.set_nonce("0123456789abcdef");
    world.append(codec::claim_record(Epoch(1), claim.SerializeAsString()));
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
}

TEST(Owner, goes_on_for_a_while_after_a_revoke_and_keeps_its_epoch_through_a_rebalance) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    process.owner.revoke();
    EXPECT_EQ(process.owner.state(), OwnerState::draining);
    say(world, pack(create_order("o1"), "c1"));
    process.settle();
    EXPECT_EQ(process.outcomes.told.size(), 1U);
    process.owner.assign();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    process.owner.revoke();
    world.clock.advance(6s);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::idle);
    EXPECT_EQ(process.owner.position().epoch, Epoch(1));
}

TEST(Owner, ends_a_drain_with_everything_decided_read_back) {
    World world;
    for (int i = 0; i < 20; ++i) say(world, pack(create_order("o" + std::to_string(i)), ""));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);
    process.run();
    process.owner.drain();
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::draining);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::idle);
    EXPECT_EQ(process.outcomes.told.size(), valid_entries(world).size());
}

TEST(Owner, goes_on_at_next_offset_with_a_cold_store_and_remembers_what_it_answered) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    {
        Process first(world, 1);
        first.owner.assign();
        first.settle();
    }
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(pay("o1"), "c2"));
    Process second(world, 2);
    second.owner.assign();
    second.settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[1].second.outcome(), v1::OUTCOME_DUPLICATE);
    EXPECT_EQ(entries[2].second.outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(entries[2].second.events(0).version(), 2U);
}

TEST(Owner, stops_when_the_commands_topic_is_another_one) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    {
        Process first(world, 1);
        first.owner.assign();
        first.settle();
    }
    world.commands[0].value = pack(create_order("o2"), "c2");
    Process second(world, 2);
    second.owner.assign();
    second.settle();
    EXPECT_EQ(second.owner.state(), OwnerState::stopped);
    EXPECT_NE(second.owner.reason().find("recreated"), std::string::npos);
    EXPECT_EQ(valid_entries(world).size(), 1U);
}

TEST(Owner, stops_when_the_commands_topic_ends_before_the_last_command) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(pay("o1"), "c2"));
    {
        Process first(world, 1);
        first.owner.assign();
        first.settle();
    }
    world.commands.resize(1);
    Process second(world, 2);
    second.owner.assign();
    second.settle();
    EXPECT_EQ(second.owner.state(), OwnerState::stopped);
}

TEST(Owner, stops_when_commands_were_deleted_before_they_were_read) {
    World world;
    for (int i = 0; i < 4; ++i) say(world, pack(create_order("o" + std::to_string(i)), ""));
    world.commands_begin = 2;  // an empty log begins at offset 0
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::stopped);
    EXPECT_NE(process.owner.reason().find("deleted before it was read"), std::string::npos);
}

TEST(Owner, goes_on_when_only_decided_commands_were_deleted) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    {
        Process first(world, 1);
        first.owner.assign();
        first.settle();
    }
    say(world, pack(pay("o1"), "c2"));
    world.commands_begin = 1;
    Process second(world, 2);
    second.owner.assign();
    second.settle();
    EXPECT_EQ(second.owner.state(), OwnerState::owning);
    EXPECT_EQ(valid_entries(world).size(), 2U);
}

TEST(Owner, stops_at_a_record_of_an_unknown_kind) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    std::string record = codec::claim_record(Epoch(2), "");
    record[3] = 9;
    world.append(record);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::stopped);
}

TEST(Owner, stops_when_the_log_was_written_with_another_partition_count) {
    World world;
    v1::Claim claim;
    claim.set_nonce("0123456789abcdef");
    auto& count = *claim.add_partition_counts();
    count.set_domain("orders");
    count.set_partitions(8);
    world.append(codec::claim_record(Epoch(1), claim.SerializeAsString()));
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::stopped);
    EXPECT_NE(process.owner.reason().find("8 partitions of orders, the topics have 1 "),
              std::string::npos);
    EXPECT_NE(process.owner.reason().find("make its topics with the log's"), std::string::npos);
}

TEST(Owner, notices_with_a_warm_store_that_the_log_was_cut_and_grown_again) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    process.owner.revoke();
    world.clock.advance(6s);
    process.settle();
    ASSERT_EQ(process.owner.state(), OwnerState::idle);
    world.log.resize(1);
    world.append("something else");
    world.append("and more");
    process.owner.assign();
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::stopped);
}

TEST(Owner, no_longer_counts_as_stopped_when_the_partition_is_taken_by_a_new_one) {
    World broken;
    std::string unknown = codec::claim_record(Epoch(1), "");
    unknown[3] = 77;
    broken.append(unknown);
    Process process(broken, 1);
    const std::string stopped = "foldstream_owner_stopped{domain=\"orders\",partition=\"0\"} ";
    process.owner.assign();
    process.run();
    ASSERT_EQ(process.owner.state(), OwnerState::stopped);
    ASSERT_NE(process.metrics.exposition().find(stopped + "1"), std::string::npos);

    broken.log.clear();
    OwnerProbe probe(process.metrics, "orders", Partition(0));
    Owner next(
        {process.domain.get(), Partition(0), 1, "next"}, {},
        {process.log, process.commands, process.sink, process.snapshots, process.snapshot_sink,
         process.outcomes, process.replies, broken.clock, process.random},
        store::make_memory_store()->open("orders", Partition(0), 1), process.memory, probe);
    next.assign();
    EXPECT_NE(process.metrics.exposition().find(stopped + "0"), std::string::npos);
}

TEST(Owner, leaves_no_gauge_behind_where_the_partition_has_gone) {
    runtime::Metrics metrics;
    OwnerProbe probe(metrics, "orders", Partition(0));
    probe.stopped(true);
    probe.unowned(5s);
    probe.held_back(5s);
    probe.careful(5);
    probe.window(5);
    probe.snapshots().marker_age(5s);
    probe.left();
    const std::string text = metrics.exposition();
    for (const auto* name :
         {"foldstream_owner_stopped", "foldstream_partition_unowned_seconds",
          "foldstream_commands_held_back_seconds", "foldstream_careful_commands",
          "foldstream_readback_window_entries", "foldstream_snapshot_marker_age_seconds"}) {
        EXPECT_NE(text.find(std::string(name) + R"({domain="orders",partition="0"} 0)" + "\n"),
                  std::string::npos)
            << name;
    }
}

TEST(Owner, refuses_a_command_whose_decision_throws_whatever_it_throws) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(pay("o1"), "c2"));
    say(world, pack(create_order("o2"), "c3"));
    Process process(world, 1);
    for (auto& command : process.domain->commands) {
        if (!command->name.ends_with(".ConfirmPayment")) continue;
        command->decide = [](const fold::State&, const fold::Message&,
                             const fold::Context&) -> fold::Decided { throw 42; };
    }
    process.owner.assign();
    process.settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[1].second.code(), "internal");
    EXPECT_EQ(entries[2].second.outcome(), v1::OUTCOME_ACCEPTED);
}

TEST(Owner, marks_an_aggregate_broken_whose_evolve_throws_and_folds_the_others) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(pay("o1"), "c2"));
    Process first(world, 1);
    first.owner.assign();
    first.settle();
    Process second(world, 2);
    for (auto& event : second.domain->events) {
        if (!event->name.ends_with(".PaymentConfirmed")) continue;
        event->evolve = [](const fold::State&, const fold::Message&,
                           const fold::Meta&) -> fold::State { throw 42; };
    }
    second.owner.assign();
    second.settle();
    say(world, pack(pay("o1"), "c3"));
    say(world, pack(create_order("o2"), "c4"));
    second.settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 4U);
    EXPECT_EQ(entries[2].second.code(), "internal");
    EXPECT_EQ(entries[3].second.outcome(), v1::OUTCOME_ACCEPTED);
}

TEST(Owner, writes_a_tick_when_next_offset_stood_still_behind_control_records_for_an_hour) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.settle();
    // A record that is never shown (a control record): the end moves, no command comes.
    say(world, "");
    world.commands_begin = 1;
    process.commands.start(Offset(1));
    process.settle();
    world.clock.advance(std::chrono::hours(1));
    process.settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_TRUE(entries[0].second.has_tick());
    EXPECT_EQ(entries[0].second.next_offset(), 1U);
}

TEST(OwnerStates, allow_only_the_arrows_of_the_diagram) {
    EXPECT_TRUE(allowed(OwnerState::owning, OwnerState::draining));
    EXPECT_TRUE(allowed(OwnerState::draining, OwnerState::owning));
    EXPECT_FALSE(allowed(OwnerState::claiming, OwnerState::owning));
    EXPECT_FALSE(allowed(OwnerState::backing_off, OwnerState::claiming));
    EXPECT_FALSE(allowed(OwnerState::stopped, OwnerState::catching_up));
    for (int from = 0; from < 8; ++from) {
        EXPECT_TRUE(allowed(static_cast<OwnerState>(from), OwnerState::stopped));
    }
}

}  // namespace
}  // namespace foldstream::processing::simulation
