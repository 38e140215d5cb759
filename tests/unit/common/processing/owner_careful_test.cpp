// An owner behind two who got nowhere: one command at a time, each behind an attempt.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/fold/command_record.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// A process that dies of deciding any payment: what it does from then on never lands.
class Mortal {
public:
    Mortal(World& world, std::uint64_t seed)
        : process_(world, seed, {}, "p" + std::to_string(seed)) {
        for (auto& command : process_.domain->commands) {
            if (!command->name.ends_with(".ConfirmPayment")) continue;
            command->decide = [this](const fold::State&, const fold::Message&,
                                     const fold::Context&) -> fold::Decided {
                dead_ = true;
                throw 42;
            };
        }
    }
    // Until it is dead, or nothing is left to do.
    bool dies() {
        process_.owner.assign();
        while (!dead_) {
            if (process_.owner.step()) continue;
            if (dead_ || process_.sink.in_flight.empty()) break;
            process_.sink.land(process_.owner);
        }
        return dead_;
    }

private:
    Process process_;
    bool dead_ = false;
};

using Attempts = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

Attempts attempts(const World& world) {
    Attempts made;
    for (const auto& [sequence, entry] : valid_entries(world)) {
        if (entry.has_attempt()) made.emplace_back(entry.attempt().offset(), entry.attempt().k());
    }
    return made;
}

std::vector<v1::Entry> decisions(const World& world) {
    std::vector<v1::Entry> made;
    for (const auto& [sequence, entry] : valid_entries(world)) {
        if (entry.has_command()) made.push_back(entry);
    }
    return made;
}

// An owner behind two claims of others who got nowhere.
std::unique_ptr<Process> careful(World& world, const OwnerLimits& limits = {}) {
    claim_in_vain(world);
    auto process = std::make_unique<Process>(world, 9, limits);
    process->owner.assign();
    process->run();
    process->sink.land(process->owner);  // the claim
    process->run();
    return process;
}

TEST(CrashedCommand, leaves_no_trace_so_that_a_repaired_binary_can_decide_it) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(pay("o1"), "c2"));
    for (std::uint64_t seed = 1; seed < 10 && Mortal(world, seed).dies(); ++seed) {
    }
    say(world, pack(pay("o1"), "c2"));  // what foldctl commands retry does
    Process repaired(world, 20);
    repaired.owner.assign();
    repaired.settle();
    const auto decided = decisions(world);
    ASSERT_EQ(decided.size(), 3U);
    EXPECT_EQ(decided[1].code(), "crashed");
    EXPECT_EQ(decided[2].outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(decided[2].version(), 2U);
}

TEST(CarefulOwner, is_not_ended_by_a_decision_that_throws) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    say(world, pack(pay("o1"), "c2"));
    say(world, pack(create_order("o2"), "c3"));
    const auto process = careful(world);
    for (auto& command : process->domain->commands) {
        if (!command->name.ends_with(".ConfirmPayment")) continue;
        command->decide = [](const fold::State&, const fold::Message&,
                             const fold::Context&) -> fold::Decided { throw 42; };
    }
    process->settle();
    const auto decided = decisions(world);
    ASSERT_EQ(decided.size(), 3U);
    EXPECT_EQ(decided[1].code(), "internal");
    EXPECT_EQ(decided[2].outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(process->owner.position().epoch, Epoch(3));
}

TEST(CarefulOwner, decides_nothing_before_the_attempt_at_it_is_read_back) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    const auto process = careful(world);
    ASSERT_EQ(process->sink.in_flight.size(), 1U);
    process->run();
    EXPECT_EQ(process->sink.in_flight.size(), 1U);  // the attempt alone
    process->sink.land(process->owner);
    EXPECT_THAT(attempts(world), ElementsAre(Pair(0, 1)));
    EXPECT_THAT(decisions(world), IsEmpty());
    process->settle();
    EXPECT_EQ(decisions(world).size(), 1U);
}

TEST(CarefulOwner, is_quick_again_after_as_many_commands_as_its_limit_says) {
    World world;
    for (int i = 0; i < 50; ++i) say(world, pack(create_order("o" + std::to_string(i)), ""));
    OwnerLimits limits;
    limits.careful_commands = 2;
    const auto process = careful(world, limits);
    process->settle();
    EXPECT_THAT(attempts(world), ElementsAre(Pair(0, 1), Pair(1, 1)));
    EXPECT_EQ(decisions(world).size(), 50U);
    EXPECT_LT(world.log.size(), 10U);
}

TEST(CarefulOwner, does_not_count_an_attempt_that_never_landed) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    const auto process = careful(world);
    for (int i = 0; i < 4; ++i) {
        ASSERT_EQ(process->sink.in_flight.size(), 1U);
        process->sink.fail(process->owner);  // the attempt
        world.clock.advance(100s);
        process->run();
        process->sink.land(process->owner);  // the claim
        process->run();
    }
    process->settle();
    EXPECT_THAT(attempts(world), ElementsAre(Pair(0, 1)));
    EXPECT_EQ(decisions(world)[0].outcome(), v1::OUTCOME_ACCEPTED);
}

// Its own never landed; the one in the log is of an owner that ended with it.
TEST(CarefulOwner, does_not_take_anothers_attempt_for_its_own) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    const auto process = careful(world);
    process->sink.fail(process->owner);
    {
        Process other(world, 10, {}, "other");
        other.owner.assign();
        other.run();
        other.sink.land(other.owner);  // the claim
        other.run();
        other.sink.land(other.owner);  // the attempt
    }
    ASSERT_THAT(attempts(world), ElementsAre(Pair(0, 1)));
    world.clock.advance(100s);
    process->settle();
    EXPECT_THAT(attempts(world), ElementsAre(Pair(0, 1), Pair(0, 2)));
    EXPECT_EQ(decisions(world)[0].outcome(), v1::OUTCOME_ACCEPTED);
}

TEST(CarefulOwner, refuses_a_command_that_is_too_large_to_be_read_without_an_attempt) {
    World world;
    say(world, std::string(fold::max_command_bytes + 1, 'x'));
    const auto process = careful(world);
    process->settle();
    EXPECT_THAT(attempts(world), IsEmpty());
    ASSERT_EQ(decisions(world).size(), 1U);
    EXPECT_EQ(decisions(world)[0].code(), "too-large");
}

}  // namespace
}  // namespace foldstream::processing::simulation
