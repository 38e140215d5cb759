// What a store holds is a function of the log alone: whoever folds it cold has, key by key and byte
// by byte, what its owners wrote while they decided it, slots and position included.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/runtime/log.hpp"
#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;
// Owners that take the partition from each other, lose records, are revoked and assigned again with
// warm stores.
class History {
public:
    explicit History(std::uint64_t seed) : random_(seed), commands_(world_, random_) {
        limits_.window_entries = 40;
        limits_.backoff_most = 4s;
        for (std::uint64_t i = 0; i < 3; ++i) {
            processes_.push_back(std::make_unique<Process>(world_, seed * 10 + i, limits_));
            processes_.back()->owner.assign();
        }
    }

    void go(int steps) {
        for (int i = 0; i < steps; ++i) step();
        for (auto& process : processes_) {
            process->owner.assign();
            process->run();
        }
    }

    void check() {
        const auto folded = cold(world_);
        const Content expected = content(*folded);
        for (auto& process : processes_) {
            ASSERT_NE(process->owner.state(), OwnerState::stopped) << process->owner.reason();
            EXPECT_EQ(content(*process), expected);
            // Marks and what is known of old snapshots are each process's own.
            EXPECT_EQ(place(*process), place(*folded));
        }
    }

    // How many slots were thrown away, and how many answers were a first one's.
    [[nodiscard]] std::uint64_t evicted() {
        std::uint64_t sum = 0;
        for (const auto& [key, value] : content(*processes_[0])) {
            v1::StoredAggregate stored;
            if (key.starts_with("a/") && stored.ParseFromString(value)) sum += stored.first_slot();
        }
        return sum;
    }
    [[nodiscard]] std::uint64_t duplicates() const {
        std::uint64_t sum = 0;
        for (const auto& [sequence, entry] : valid_entries(world_)) {
            if (entry.outcome() == v1::OUTCOME_DUPLICATE) ++sum;
        }
        return sum;
    }

private:
    void step() {
        Process& process = *processes_[random_.below(processes_.size())];
        auto& in_flight = process.sink.in_flight;
        const std::uint64_t drawn = random_.below(40);
        if (drawn < 12) {
            commands_.say_one();
        } else if (drawn == 12) {
            world_.clock.advance(std::chrono::milliseconds(random_.below(60'000)));
        } else if (drawn == 13 && random_.below(4) == 0) {
            process.owner.assigned() ? process.owner.revoke() : process.owner.assign();
        } else if (drawn == 14 && !in_flight.empty() && random_.below(8) == 0) {
            process.sink.fail(process.owner);
        } else if (drawn < 24 && !in_flight.empty()) {
            process.sink.land(process.owner);
        } else {
            process.owner.step();
        }
    }

    World world_;
    SeededRandom random_;
    CommandMaker commands_;
    OwnerLimits limits_;
    std::vector<std::unique_ptr<Process>> processes_;
};

TEST(ColdFold, equals_what_the_owners_wrote_while_they_decided) {
    runtime::start_logging(runtime::Level::error, "test");
    std::uint64_t evicted = 0;
    std::uint64_t duplicates = 0;
    for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        History history(seed);
        history.go(8000);
        history.check();
        evicted += history.evicted();
        duplicates += history.duplicates();
    }
    EXPECT_GT(evicted, 1000U);
    EXPECT_GT(duplicates, 1000U);
}

// More aggregates than the cache holds, in a window larger than the cache.
TEST(ColdFold, equals_it_with_more_aggregates_than_are_kept_decoded) {
    World world;
    constexpr std::size_t orders = cached_aggregates * 3;
    for (std::size_t i = 0; i < orders; ++i) {
        const std::string number = std::to_string(i);
        say(world, pack(create_order("o" + number), "c" + number));
    }
    for (std::size_t i = 0; i < orders; ++i) {
        const std::string number = std::to_string(i * 7 % orders);
        say(world, pack(pay("o" + number), "p" + number));
    }
    Process owner(world, 1);
    owner.owner.assign();
    owner.settle();
    ASSERT_EQ(valid_entries(world).size(), orders * 2);
    for (const auto& [sequence, entry] : valid_entries(world)) {
        ASSERT_EQ(entry.outcome(), v1::OUTCOME_ACCEPTED);
    }
    EXPECT_EQ(content(owner), content(*cold(world)));
}

}  // namespace
}  // namespace foldstream::processing::simulation
