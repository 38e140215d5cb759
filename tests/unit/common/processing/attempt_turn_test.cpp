// Partitions of one process: a command that ends it is blamed, and nobody else's.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "common/runtime/log.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

TEST(AttemptTurn, is_for_one_attempt_or_for_any_number_that_decide) {
    AttemptTurn turn;
    auto first = turn.decide();
    auto second = turn.decide();
    EXPECT_TRUE(first && second);
    first.reset();
    EXPECT_FALSE(turn.attempt());
    second.reset();
    auto attempt = turn.attempt();
    EXPECT_TRUE(attempt);
    EXPECT_FALSE(turn.attempt());
    EXPECT_FALSE(turn.decide());
    attempt.reset();
    EXPECT_TRUE(turn.decide());
}

// Processes that own a partition of each of two logs, one after the other.
class House {
public:
    House() {
        runtime::start_logging(runtime::Level::error, "test");
        for (World& world : worlds) {
            say(world, pack(create_order("o"), "c"));
        }
    }

    // Owners that end before they get anywhere make those behind them careful.
    void make_careful() {
        for (World& world : worlds) {
            for (int i = 0; i < 3; ++i) {
                Process process(world, next_seed(), {}, "early");
                process.owner.assign();
                process.run();
                process.sink.land(process.owner);
                world.clock.advance(100s);
            }
        }
    }
    // Until it has ended over the first log's command, or has nothing left to do. True: it has
    // ended.
    bool run_one() {
        AttemptTurn turn;
        bool died = false;
        std::array<std::unique_ptr<Process>, 2> owners;
        for (std::size_t i = 0; i < owners.size(); ++i) {
            owners[i] = std::make_unique<Process>(worlds[i], next_seed(), OwnerLimits{}, "p",
                                                  nullptr, &turn);
            owners[i]->owner.assign();
        }
        for (auto& command : owners[0]->domain->commands) {
            command->decide = [&died](const fold::State&, const fold::Message&,
                                      const fold::Context&) -> fold::Decided {
                died = true;
                throw 42;  // what it does from then on never lands
            };
        }
        for (bool moved = true; moved && !died;) {
            moved = false;
            for (auto& process : owners) {
                while (!died && process->owner.step()) moved = true;
            }
            for (auto& process : owners) {
                while (!died && !process->sink.in_flight.empty()) {
                    process->sink.land(process->owner);
                    moved = true;
                }
            }
        }
        for (World& world : worlds) world.clock.advance(100s);
        return died;
    }
    [[nodiscard]] std::string outcome(std::size_t world) const {
        for (const auto& [sequence, entry] : valid_entries(worlds[world])) {
            if (!entry.has_command()) continue;
            return entry.code().empty() ? v1::Outcome_Name(entry.outcome()) : entry.code();
        }
        return "none";
    }

    std::array<World, 2> worlds;

private:
    std::uint64_t next_seed() { return ++seed_; }

    std::uint64_t seed_ = 0;
};

TEST(AttemptTurn, keeps_a_deadly_command_from_taking_anothers_attempt_with_it) {
    House house;
    house.make_careful();
    int ends = 0;
    while (house.run_one()) ASSERT_LT(++ends, 10);
    EXPECT_EQ(ends, 2);
    EXPECT_EQ(house.outcome(0), "crashed");
    EXPECT_EQ(house.outcome(1), "OUTCOME_ACCEPTED");
}

}  // namespace
}  // namespace foldstream::processing::simulation
