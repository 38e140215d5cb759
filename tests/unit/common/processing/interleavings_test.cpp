// Several owners of one partition who each hold that it is theirs, in random interleavings, with
// records that land late, are lost or are reported wrongly: every reader sees one owner's run of
// decisions after another's, each command is decided once, and nobody tells of an entry that does
// not count.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "common/runtime/log.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

class Interleaving {
public:
    // Twins: all processes draw the same nonces, as images of one process would (W1).
    Interleaving(std::uint64_t seed, bool twins) : random_(seed), twins_(twins) {
        limits_.window_entries = 24;
        limits_.backoff_most = 4s;
        limits_.readback_timeout = 5s;
        for (int i = 0; i < 3; ++i) restart(processes_.emplace_back());
    }

    void run(int steps) {
        for (int i = 0; i < steps; ++i) step();
        // Liveness: faults end, one process is left, and everything said is decided.
        for (std::size_t i = 1; i < processes_.size(); ++i) processes_[i].reset();
        processes_[0]->owner.assign();
        for (int i = 0; i < 40 && processes_[0]->owner.state() != OwnerState::stopped; ++i) {
            processes_[0]->settle();
            world_.clock.advance(1s);
        }
        processes_[0]->settle();
        keep_told(*processes_[0]);
    }

    // Each valid record was decided on the fold of the valid ones before it: its prev names the
    // last.
    void check_chain() const {
        replay::LogReader reader;
        for (std::size_t i = 0; i < world_.log.size(); ++i) {
            const RecordId last = reader.position().link;
            const auto read =
                reader.feed({Offset(static_cast<std::int64_t>(i)), 0, world_.log[i].value});
            if (!std::holds_alternative<replay::ValidEntries>(read)) continue;
            ASSERT_EQ(codec::parse_frame(world_.log[i].value)->prev, last) << "offset " << i;
        }
    }

    void check() const {
        check_chain();
        const auto entries = valid_entries(world_);
        ASSERT_EQ(processes_[0]->owner.state(), OwnerState::owning)
            << processes_[0]->owner.reason();
        std::map<std::string, std::uint64_t> versions;
        std::uint64_t next_command = 0;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto& [sequence, entry] = entries[i];
            ASSERT_EQ(sequence, Sequence(i + 1));
            if (!entry.has_command()) continue;  // an attempt
            ASSERT_EQ(entry.command().offset(), next_command);
            ++next_command;
            for (const v1::Event& event : entry.events()) {
                ASSERT_EQ(event.version(), ++versions[entry.aggregate_id()]);
            }
        }
        EXPECT_EQ(next_command, world_.commands.size());
        for (const auto& [sequence, told] : told_) {
            ASSERT_LE(sequence.value, entries.size());
            EXPECT_EQ(told, SimOutcomes::told_of(entries[sequence.value - 1].second));
        }
    }

    [[nodiscard]] std::size_t fences() const { return fences_; }

private:
    void restart(std::unique_ptr<Process>& process) {
        if (process) keep_told(*process);
        const std::uint64_t drawn = random_.below(UINT64_MAX);
        process = std::make_unique<Process>(world_, twins_ ? 7 : drawn, limits_);
        process->owner.assign();
    }
    void keep_told(Process& process) {
        for (auto& told : process.outcomes.told) told_.push_back(std::move(told));
        process.outcomes.told.clear();
    }
    void command() {
        const std::string order = "o" + std::to_string(random_.below(6));
        const std::string id = "c" + std::to_string(random_.below(200));
        if (random_.below(3) == 0) {
            say(world_, pack(create_order(order), id));
        } else {
            say(world_, pack(pay(order), id));
        }
    }
    void step() {
        auto& process = processes_[random_.below(processes_.size())];
        const OwnerState before = process->owner.state();
        switch (random_.below(24)) {
            case 0:
                command();
                break;
            case 1:
                world_.clock.advance(std::chrono::milliseconds(random_.below(1500)));
                break;
            case 2:
                if (!process->sink.in_flight.empty()) process->sink.land_silently();
                break;
            case 3:
                lose(*process);
                break;
            case 4:
                if (random_.below(4) == 0) restart(process);
                break;
            case 5:
                turn(*process);
                // What lag tools are told, some time.
                world_.group_offset = process->owner.next_offset();
                break;
            case 6:
            case 7:
            case 8:
            case 9:
                if (!process->sink.in_flight.empty()) process->sink.land(process->owner);
                break;
            default:
                process->owner.step();
        }
        if (before == OwnerState::owning && process->owner.state() == OwnerState::backing_off) {
            ++fences_;
        }
    }
    void lose(Process& process) {
        if (process.sink.in_flight.empty() || random_.below(3) != 0) return;
        if (random_.below(2) == 0) {
            process.sink.fail(process.owner);
        } else {
            process.sink.pretend(process.owner);
        }
    }
    void turn(Process& process) {
        if (random_.below(3) != 0) return;
        if (process.owner.assigned()) {
            process.owner.revoke();
        } else {
            process.owner.assign();
        }
    }

    World world_;
    SeededRandom random_;
    bool twins_;
    OwnerLimits limits_;
    std::vector<std::unique_ptr<Process>> processes_;
    std::vector<std::pair<Sequence, SimOutcomes::Told>> told_;
    std::size_t fences_ = 0;
};

// How often an owner was fenced in all of them: zero would mean that the faults did not strike.
std::size_t run_interleavings(bool twins) {
    runtime::start_logging(runtime::Level::error, "test");  // thousands of fences are no news here
    std::size_t fences = 0;
    for (std::uint64_t seed = 1; seed <= 200 && !testing::Test::HasFatalFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Interleaving interleaving(seed, twins);
        interleaving.run(3000);
        interleaving.check();
        fences += interleaving.fences();
    }
    return fences;
}

TEST(Owners, decide_every_command_once_in_every_interleaving) {
    EXPECT_GT(run_interleavings(false), 200U);
}

TEST(Owners, decide_every_command_once_although_twins_hold_one_claim_for_theirs) {
    EXPECT_GT(run_interleavings(true), 200U);
}

}  // namespace
}  // namespace foldstream::processing::simulation
