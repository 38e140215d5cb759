// Owners that write snapshots while everything fails around them: records that never land, land
// late or are reported wrongly, a cleaner that never rests, processes that are killed with their
// stores or without, also in the middle of a restore. In the end whoever restores from nothing has
// what the log says.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/runtime/log.hpp"
#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

class History {
public:
    // Twins: all processes draw the same nonces, as images of one process would (W1).
    History(std::uint64_t seed, bool twins)
        : seed_(seed), twins_(twins), random_(seed), commands_(world_, random_) {
        limits_.window_entries = 40;
        limits_.backoff_most = 4s;
        limits_.snapshot_interval = 1s;
        limits_.careful_commands = 4;
        for (int i = 0; i < 3; ++i) start(processes_.emplace_back(), nullptr);
    }

    void go(int steps) {
        for (int i = 1; i <= steps && !stopped() && !::testing::Test::HasFailure(); ++i) {
            step();
            if (i % 1000 == 0) check_a_restore();
        }
    }
    // At any moment: whoever restores from nothing, and claims nothing, has what the log says.
    void check_a_restore() {
        const auto folded = cold(world_);
        Process restored(world_, 78);
        restored.owner.assign();
        restored.run();
        ASSERT_NE(restored.owner.state(), OwnerState::stopped) << restored.owner.reason();
        EXPECT_EQ(content(restored), content(*folded));
    }

    // Calm: one owner is left, decides what there is, and writes a last round.
    void calm() {
        for (std::size_t i = 1; i < processes_.size(); ++i) processes_[i].reset();
        Process& last = *processes_[0];
        last.owner.assign();
        last.snapshots.paused = false;
        for (int i = 0; i < 40; ++i) {
            last.settle();
            world_.clock.advance(2s);
        }
        last.settle();
    }

    void check() {
        Process& last = *processes_[0];
        ASSERT_EQ(last.owner.state(), OwnerState::owning) << last.owner.reason();
        const auto folded = cold(world_);
        ASSERT_NE(folded->owner.state(), OwnerState::stopped) << folded->owner.reason();
        EXPECT_EQ(content(last), content(*folded));
        world_.snapshots.compact(random_);
        Process restored(world_, 77);
        restored.owner.assign();
        restored.run();
        ASSERT_NE(restored.owner.state(), OwnerState::stopped) << restored.owner.reason();
        EXPECT_EQ(content(restored), content(*folded));
        EXPECT_EQ(place(restored), place(*folded));
        from_marker_ += partition_of(restored)->position().covered > 0 ? 1U : 0U;
    }

    [[nodiscard]] std::uint64_t markers() const {
        std::uint64_t sum = 0;
        for (const auto& [sequence, entry] : valid_entries(world_)) sum += entry.has_marker();
        return sum;
    }
    [[nodiscard]] std::uint64_t from_marker() const { return from_marker_; }
    [[nodiscard]] std::size_t snapshots() const { return world_.snapshots.content().size(); }

private:
    bool stopped() const {
        for (const auto& process : processes_) {
            if (process->owner.state() == OwnerState::stopped) return true;
        }
        return false;
    }
    void start(std::unique_ptr<Process>& process, std::unique_ptr<store::Store> kept) {
        ++started_;
        process = std::make_unique<Process>(world_, twins_ ? 7 : seed_ * 100 + started_, limits_,
                                            "p" + std::to_string(started_), std::move(kept));
        process->owner.assign();
    }
    void kill(std::unique_ptr<Process>& process) {
        auto& late = process->snapshot_sink.in_flight;
        // What the socket has may land when the process is gone.
        for (const auto& record : late) lingering_.push_back(record);
        auto kept = std::move(process->store);
        process.reset();
        if (random_.below(2) == 0) kept.reset();
        start(process, std::move(kept));
    }
    void snapshot_record(Process& process) {
        SimSnapshotSink& sink = process.snapshot_sink;
        if (sink.in_flight.empty()) return;
        switch (random_.below(150)) {
            case 0:
                sink.fail(process.owner);
                break;
            case 1:
            case 2:
            case 3:
                sink.fail_and_linger(process.owner);
                break;
            case 4:
                sink.pretend(process.owner);
                break;
            default:
                for (std::uint64_t n = random_.below(5); n > 0 && !sink.in_flight.empty(); --n) {
                    sink.land(process.owner);
                }
        }
    }
    void rare(std::unique_ptr<Process>& process) {
        switch (random_.below(10)) {
            case 0:
                if (random_.below(4) == 0) kill(process);
                break;
            case 1:
                process->owner.assigned() ? process->owner.revoke() : process->owner.assign();
                break;
            case 2:
                world_.snapshots.compact(random_);
                break;
            case 3:
                process->snapshots.paused = !process->snapshots.paused;
                break;
            case 4:
                if (!process->sink.in_flight.empty()) process->sink.fail(process->owner);
                break;
            case 5:
                process->snapshot_sink.land_late();
                break;
            case 6:
                if (lingering_.empty()) break;
                world_.snapshots.append(lingering_.front().key, lingering_.front().value);
                lingering_.pop_front();
                break;
            case 7:
                say_of_the_platform();
                break;
            default:
                world_.clock.advance(std::chrono::milliseconds(random_.below(4000)));
        }
    }
    void say_of_the_platform() {
        switch (random_.below(12)) {
            case 0:
                say(world_, pack(v1::DeleteSnapshots(), ""));
                break;
            case 1:
                say(world_, pack(v1::CreateSnapshots(), ""));
                break;
            default:
                break;
        }
    }
    void step() {
        auto& process = processes_[random_.below(processes_.size())];
        const std::uint64_t drawn = random_.below(40);
        if (drawn < 8) {
            commands_.say_one();
        } else if (drawn == 8) {
            rare(process);
        } else if (drawn == 9) {
            process->snapshot_sink.land_late();
            if (random_.below(4) == 0) world_.snapshots.compact(random_);
        } else if (drawn < 18) {
            if (!process->sink.in_flight.empty()) process->sink.land(process->owner);
        } else if (drawn < 24) {
            snapshot_record(*process);
        } else {
            process->owner.step();
        }
    }

    std::uint64_t seed_;
    bool twins_;
    std::uint64_t started_ = 0;
    World world_;
    SeededRandom random_;
    CommandMaker commands_;
    OwnerLimits limits_;
    std::vector<std::unique_ptr<Process>> processes_;
    std::deque<SimSnapshotSink::InFlight> lingering_;
    std::uint64_t from_marker_ = 0;
};

void check_histories(bool twins) {
    runtime::start_logging(runtime::Level::error, "test");
    std::uint64_t markers = 0;
    std::uint64_t from_marker = 0;
    for (std::uint64_t seed = 1; seed <= 60 && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        History history(seed, twins);
        history.go(12000);
        history.calm();
        history.check();
        markers += history.markers();
        from_marker += history.from_marker();
    }
    EXPECT_GT(markers, 200U);
    EXPECT_GT(from_marker, 40U);
}

TEST(Restores, give_what_the_log_says_whatever_happened_to_the_snapshots) {
    check_histories(false);
}

TEST(Restores, give_what_the_log_says_although_twins_write_snapshots) { check_histories(true); }

}  // namespace
}  // namespace foldstream::processing::simulation
