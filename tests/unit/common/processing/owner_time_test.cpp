// The time that a decision is made at: its command's append time, and never before what its
// aggregate has seen. The owner's own clock has no part in it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t day = 24 * hour;

// What decide and evolve were told.
struct Seen {
    std::vector<std::int64_t> decide, evolve;
};

void watch(Process& process, Seen& seen) {
    for (auto& type : process.domain->commands) {
        type->decide = [decide = type->decide, &seen](const fold::State& state,
                                                      const fold::Message& message,
                                                      const fold::Context& context) {
            seen.decide.push_back(context.time_ms());
            return decide(state, message, context);
        };
    }
    for (auto& type : process.domain->events) {
        type->evolve = [evolve = type->evolve, &seen](const fold::State& state,
                                                      const fold::Message& message,
                                                      const fold::Meta& meta) {
            seen.evolve.push_back(meta.time_ms);
            return evolve(state, message, meta);
        };
    }
}

class OwnersTime : public ::testing::Test {
protected:
    // Appended so long after this moment, by the broker's clock.
    void say_at(std::int64_t from_now, std::string packed) {
        world_.commands.push_back({now_ + from_now, std::move(packed)});
    }
    // Of each entry, from this moment.
    [[nodiscard]] std::vector<std::int64_t> times() const {
        std::vector<std::int64_t> all;
        for (const auto& [sequence, entry] : valid_entries(world_)) {
            if (entry.has_command()) all.push_back(entry.time_ms() - now_);
        }
        return all;
    }
    [[nodiscard]] std::vector<std::int64_t> from_now(std::vector<std::int64_t> times) const {
        for (std::int64_t& time : times) time -= now_;
        return times;
    }

    World world_;
    const std::int64_t now_ = world_.clock.wall_ms();
};

using Times = std::vector<std::int64_t>;

TEST_F(OwnersTime, of_a_backlog_is_the_one_that_its_commands_came_at) {
    say_at(-3 * day, pack(create_order("o1"), "c1"));
    say_at(-2 * day, pack(pay("o1"), "c2"));
    say_at(-1 * day, pack(create_order("o2"), "c3"));
    Process process(world_, 1);
    Seen seen;
    watch(process, seen);
    take(process);
    EXPECT_EQ(times(), (Times{-3 * day, -2 * day, -1 * day}));
    EXPECT_EQ(from_now(seen.decide), (Times{-3 * day, -2 * day, -1 * day}));
    EXPECT_EQ(from_now(seen.evolve), (Times{-3 * day, -2 * day, -1 * day}));
}

TEST_F(OwnersTime, never_goes_back_behind_its_aggregates_newest_event) {
    say_at(day, pack(create_order("o1"), "c1"));  // the broker's clock was a day ahead
    say_at(0, pack(pay("o1"), "c2"));
    say_at(1, pack(create_order("o1"), "c3"));  // refused: it exists
    say_at(2, pack(create_order("o2"), "c4"));  // of another aggregate: nothing to it
    Process process(world_, 1);
    Seen seen;
    watch(process, seen);
    take(process);
    EXPECT_EQ(times(), (Times{day, day, day, 2}));
    EXPECT_EQ(from_now(seen.decide), (Times{day, day, day, 2}));
    EXPECT_EQ(from_now(seen.evolve), (Times{day, day, 2}));
}

// A refusal is nothing that happened to the aggregate.
TEST_F(OwnersTime, is_not_moved_on_by_a_refusal) {
    say_at(0, pack(create_order("o1"), "c1"));
    say_at(day, pack(create_order("o1"), "c2"));
    say_at(hour, pack(pay("o1"), "c3"));
    Process process(world_, 1);
    take(process);
    EXPECT_EQ(times(), (Times{0, day, hour}));
}

// The next owner's clock, and the broker's, are a day behind: it knows the aggregate's time from
// wherever it has the aggregate.
class ClockThatWentBack : public OwnersTime {
protected:
    void SetUp() override {
        Process first(world_, 1, short_rounds(), "first");
        say_at(0, pack(create_order("o1"), "c1"));
        decide_and_snapshot(first, world_);
        kept_ = std::move(first.store);
    }
    void expect_time_kept(Process& next) {
        say_at(-day, pack(pay("o1"), "c2"));
        take(next);
        ASSERT_EQ(next.owner.state(), OwnerState::owning) << next.owner.reason();
        EXPECT_EQ(times(), (Times{0, 0}));
    }
    std::unique_ptr<store::Store> kept_;
};

TEST_F(ClockThatWentBack, over_a_takeover_with_the_store_takes_no_time_back) {
    Process next(world_, 2, {}, "next", std::move(kept_));
    expect_time_kept(next);
}

TEST_F(ClockThatWentBack, over_a_takeover_by_snapshots_takes_no_time_back) {
    Process next(world_, 2, {}, "next");
    expect_time_kept(next);
    EXPECT_GT(partition_of(next)->position().covered, 0U);
}

TEST_F(ClockThatWentBack, over_a_takeover_by_the_log_takes_no_time_back) {
    Process next(world_, 2, {}, "next");
    next.snapshots.blind = true;
    expect_time_kept(next);
}

// Nobody was away: the owner sees the events of another one as they come.
TEST_F(OwnersTime, of_who_stood_by_is_not_taken_back) {
    Process first(world_, 1, {}, "first");
    Process second(world_, 2, {}, "second");
    take(second);
    say_at(day, pack(create_order("o1"), "c1"));
    take(first);
    second.run();
    world_.clock.advance(100s);
    say_at(0, pack(pay("o1"), "c2"));
    second.settle();
    EXPECT_EQ(second.owner.state(), OwnerState::owning);
    EXPECT_EQ(times(), (Times{day, day}));
}

}  // namespace
}  // namespace foldstream::processing::simulation
