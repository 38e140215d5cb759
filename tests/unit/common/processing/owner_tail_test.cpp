// A tail that brings nothing any more, although what was sent is in the log (W10).
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

constexpr auto readback_timeout = 60s;

double failed_claims(const Process& process) {
    const std::string line = R"(foldstream_claims_total{result="failed"} )";
    const std::string text = process.metrics.exposition();
    const auto at = text.find(line);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size()));
}

TEST(HangingTail, is_started_again_when_a_delivered_record_is_not_read_back_in_time) {
    World world;
    Process process(world, 1);
    own_an_order(process, world);
    say(world, pack(pay("o1"), "c2"));
    process.run();
    process.log.hangs = true;
    process.sink.land(process.owner);
    ASSERT_EQ(process.log.starts, 1);
    world.clock.advance(readback_timeout);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(process.log.starts, 1);
    world.clock.advance(1s);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
    EXPECT_EQ(process.log.starts, 2);
    world.clock.advance(2s);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
    EXPECT_EQ(valid_entries(world).size(), 2U);  // the record was there: it counts
    EXPECT_EQ(content(process), content(*cold(world)));
    EXPECT_EQ(process.log.starts, 2);
}

TEST(HangingTail, is_started_again_when_a_delivered_claim_is_not_read_back_in_time) {
    World world;
    Process process(world, 1);
    say(world, pack(create_order("o1"), "c1"));
    process.owner.assign();
    process.run();
    ASSERT_EQ(process.owner.state(), OwnerState::claiming);
    process.log.hangs = true;
    process.sink.land(process.owner);
    world.clock.advance(readback_timeout);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::claiming);
    EXPECT_EQ(process.log.starts, 1);
    world.clock.advance(1s);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::backing_off);
    EXPECT_EQ(process.log.starts, 2);
    EXPECT_EQ(failed_claims(process), 1);
    world.clock.advance(2s);
    process.settle();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    EXPECT_EQ(process.owner.position().epoch, Epoch(2));
    EXPECT_EQ(valid_entries(world).size(), 1U);
}

// A broker that takes longer than that to acknowledge is no reason for another claim.
TEST(HangingTail, is_not_suspected_before_the_delivery_is_proved) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.run();
    world.clock.advance(10 * readback_timeout);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::claiming);
    process.settle();
    say(world, pack(create_order("o1"), "c1"));
    process.run();
    world.clock.advance(10 * readback_timeout);
    process.run();
    EXPECT_EQ(process.owner.state(), OwnerState::owning);
    process.settle();
    EXPECT_EQ(process.owner.position().epoch, Epoch(1));
    EXPECT_EQ(process.log.starts, 1);
}

// The claim is not valid before all that stands before it is read: the tail begins at its end.
TEST(HangingTail, of_a_claim_is_read_to_its_end_before_the_next_claim) {
    World world;
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.log.hangs = true;
    process.sink.land(process.owner);
    Process other(world, 2, {}, "other");
    say(world, pack(create_order("o1"), "c1"));
    take(other);
    ASSERT_EQ(other.owner.position().epoch, Epoch(2));
    world.clock.advance(readback_timeout + 1s);
    process.run();
    world.clock.advance(2s);
    process.settle();
    EXPECT_EQ(process.owner.position().epoch, Epoch(3));
    EXPECT_EQ(valid_entries(world).size(), 1U);
    EXPECT_EQ(content(process), content(*cold(world)));
}

}  // namespace
}  // namespace foldstream::processing::simulation
