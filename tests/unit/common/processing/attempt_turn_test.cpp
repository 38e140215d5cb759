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

class Turn : public ::testing::Test {
protected:
    std::optional<AttemptTurn::Hold> decide() { return turn_.decide(now_); }
    std::optional<AttemptTurn::Hold> attempt() { return turn_.attempt(now_); }

    AttemptTurn turn_;
    AttemptTurn::Time now_{1h};
};

TEST_F(Turn, is_for_one_attempt_or_for_any_number_that_decide) {
    auto first = decide();
    auto second = decide();
    EXPECT_TRUE(first && second);
    first.reset();
    EXPECT_FALSE(attempt());
    second.reset();
    auto attempted = attempt();
    EXPECT_TRUE(attempted);
    EXPECT_FALSE(attempt());
    EXPECT_FALSE(decide());
    attempted.reset();
    EXPECT_TRUE(decide());
}

TEST_F(Turn, comes_to_an_attempt_although_others_decide_all_the_time) {
    auto before = decide();
    EXPECT_FALSE(attempt());
    EXPECT_FALSE(decide());  // nobody else begins
    before.reset();
    EXPECT_TRUE(attempt());
}

TEST_F(Turn, is_not_kept_for_an_attempt_that_nobody_asks_for_any_more) {
    auto before = decide();
    EXPECT_FALSE(attempt());
    now_ += AttemptTurn::wish_lasts;
    EXPECT_TRUE(decide());
}

TEST_F(Turn, comes_back_to_those_who_were_kept_for_as_long_as_they_were) {
    auto attempted = attempt();
    now_ += 7ms;
    EXPECT_FALSE(decide());
    attempted.reset();
    EXPECT_FALSE(attempt());
    EXPECT_TRUE(decide());
    now_ += 7ms;
    EXPECT_TRUE(attempt());
}

TEST_F(Turn, is_not_kept_by_an_attempt_that_does_not_end) {
    auto attempted = attempt();
    now_ += AttemptTurn::longest_attempt;
    EXPECT_TRUE(decide());
    EXPECT_FALSE(attempt());
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
