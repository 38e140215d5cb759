// What an owner's metrics say while it lives through something.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

constexpr const char* here = R"({domain="orders",partition="0"})";

// Of the line that begins with the name and its labels; -1: there is none.
double value(const Process& process, const std::string& name, const std::string& labels) {
    const std::string text = "\n" + process.metrics.exposition();
    const std::string line = "\n" + name + labels + " ";
    const auto at = text.find(line);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size()));
}

double rounds(const Process& process, const std::string& result) {
    return value(process, "foldstream_snapshot_rounds_total",
                 R"({domain="orders",result=")" + result + R"("})");
}

double restores(const Process& process, const std::string& result) {
    return value(process, "foldstream_restores_total",
                 R"({domain="orders",result=")" + result + R"("})");
}

double marker_age(const Process& process) {
    return value(process, "foldstream_snapshot_marker_age_seconds", here);
}

TEST(SnapshotMetrics, tell_rounds_by_their_result_and_what_they_wrote) {
    World world;
    Process process(world, 1, short_rounds());
    say(world, pack(create_order("o1"), ""));
    say(world, pack(create_order("o2"), ""));
    decide_and_snapshot(process, world);
    EXPECT_EQ(rounds(process, "marked"), 1);
    EXPECT_EQ(rounds(process, "ended-early"), 0);
    EXPECT_EQ(value(process, "foldstream_snapshot_aggregates_total", R"({domain="orders"})"), 2);

    write_round(process, world);  // nothing is dirty: no round
    EXPECT_EQ(rounds(process, "ended-early"), 0);

    say(world, pack(pay("o1"), ""));
    process.settle();
    world.clock.advance(2s);
    process.run();
    process.snapshot_sink.fail(process.owner);
    process.run();
    EXPECT_EQ(rounds(process, "marked"), 1);
    EXPECT_EQ(rounds(process, "ended-early"), 1);
}

TEST(SnapshotMetrics, tell_the_age_of_the_last_marker_whoever_made_it) {
    World world;
    Process first(world, 1, short_rounds());
    say(world, pack(create_order("o1"), ""));
    decide_and_snapshot(first, world);
    EXPECT_EQ(marker_age(first), 0);
    world.clock.advance(30s);
    first.settle();
    EXPECT_EQ(marker_age(first), 30);

    Process second(world, 2, short_rounds());  // restores, and meets the marker in the log
    take(second);
    EXPECT_EQ(marker_age(second), 30);
    second.owner.revoke();
    world.clock.advance(10s);
    second.settle();
    EXPECT_EQ(marker_age(second), 0);  // somebody else's to tell
}

TEST(SnapshotMetrics, tell_restores_by_their_result) {
    World world;
    Process first(world, 1, short_rounds());
    say(world, pack(create_order("o1"), ""));
    take(first);
    EXPECT_EQ(restores(first, "done"), 1);
    write_round(first, world);
    say(world, pack(pay("o1"), ""));
    first.settle();
    // The aggregate's snapshot, for which a marker vouches, is lost.
    world.snapshots.lose("o1");
    Process second(world, 2);
    take(second);
    ASSERT_EQ(second.owner.state(), OwnerState::stopped);
    EXPECT_EQ(restores(second, "done"), 3);
    EXPECT_EQ(restores(second, "began-again"), 2);
    EXPECT_EQ(restores(second, "broken"), 1);

    Process third(world, 3);
    third.snapshots.broken = true;
    take(third);
    EXPECT_EQ(restores(third, "done"), 0);
    EXPECT_EQ(restores(third, "broken"), 1);
}

TEST(OwnerMetrics, tell_careful_commands_attempts_and_what_is_given_up) {
    World world;
    claim_in_vain(world);
    say(world, pack(create_order("o1"), "huge"));
    OwnerLimits limits;
    limits.careful_commands = 3;
    Process process(world, 1, limits);
    process.owner.assign();
    process.run();
    EXPECT_EQ(value(process, "foldstream_careful_commands", here), 0);
    for (int i = 0; i < 12; ++i) {
        land_all_but(process, "huge");
        world.clock.advance(100s);
        process.run();
    }
    EXPECT_EQ(value(process, "foldstream_careful_commands", here), 2);
    EXPECT_EQ(value(process, "foldstream_command_attempts_total", R"({domain="orders"})"), 2);
    EXPECT_EQ(value(process, "foldstream_commands_crashed_total", R"({domain="orders"})"), 1);
    process.owner.revoke();
    world.clock.advance(100s);
    process.settle();
    EXPECT_EQ(value(process, "foldstream_careful_commands", here), 0);
}

double unowned(const Process& process) {
    return value(process, "foldstream_partition_unowned_seconds", here);
}

TEST(OwnerMetrics, count_the_seconds_without_an_owner_while_it_stands_still_too) {
    World world;
    Process process(world, 1);
    process.snapshots.broken = true;
    process.owner.assign();
    world.clock.advance(5s);
    process.settle();
    ASSERT_EQ(process.owner.state(), OwnerState::stopped);
    EXPECT_EQ(unowned(process), 5);
    for (const double seconds : {45, 85, 125}) {  // it looks again meanwhile
        world.clock.advance(40s);
        process.settle();
        EXPECT_EQ(process.owner.state(), OwnerState::stopped);
        EXPECT_EQ(unowned(process), seconds);
    }
    process.snapshots.broken = false;
    world.clock.advance(600s);
    process.settle();
    ASSERT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(unowned(process), 0);
    world.clock.advance(100s);
    process.settle();
    EXPECT_EQ(unowned(process), 0);
}

TEST(OwnerMetrics, count_the_seconds_without_an_owner_from_its_fencing_to_its_owning_again) {
    World world;
    say(world, pack(create_order("o1"), ""));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);  // the claim
    process.run();
    process.sink.fail(process.owner);  // the entry
    process.run();
    ASSERT_EQ(process.owner.state(), OwnerState::backing_off);
    world.clock.advance(100s);
    process.run();
    EXPECT_EQ(unowned(process), 100);
    process.settle();
    EXPECT_EQ(unowned(process), 0);
}

TEST(OwnerMetrics, count_no_seconds_of_a_partition_that_is_taken_away) {
    World world;
    Process process(world, 1);
    process.snapshots.broken = true;
    take(process);
    world.clock.advance(5s);
    process.settle();
    EXPECT_EQ(unowned(process), 5);
    process.owner.revoke();
    EXPECT_EQ(unowned(process), 0);
}

}  // namespace
}  // namespace foldstream::processing::simulation
