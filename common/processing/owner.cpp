// Life of an owner: assigned, revoked, fenced, stopped; what time and deliveries do to it. Taking a
// partition is in owner_taking.cpp, reading its log in owner_reading.cpp, deciding ahead in
// owner_deciding.cpp.
#include "common/processing/owner.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

using test_hooks::Mutant;

const runtime::Logger& Owner::logger() {
    static const runtime::Logger instance("owner");
    return instance;
}

Owner::Owner(OwnerIdentity identity, const OwnerLimits& limits, const OwnerPorts& ports,
             std::unique_ptr<store::PartitionStore> store, OwnerMemory& memory, OwnerProbe& probe)
    : identity_(std::move(identity)),
      limits_(limits),
      ports_(ports),
      probe_(probe),
      memory_(memory),
      aggregates_(*identity_.domain, identity_.partition, std::move(store)),
      restore_(*identity_.domain, aggregates_.store(), ports.snapshots),
      round_(*identity_.domain, identity_.partition, aggregates_.store(), ports.snapshot_sink,
             probe.snapshots()),
      deletion_(ports.snapshots, ports.snapshot_sink),
      turn_(ports.turn != nullptr ? *ports.turn : alone_) {
    memory_.backoff = std::max(memory_.backoff, limits.backoff_least);
    memory_.look_again_pause = std::max(memory_.look_again_pause, limits.look_again_least);
}

std::size_t Owner::window_entries() const { return window_entries_ + builder_.entries(); }

void Owner::move_to(OwnerState next) {
    assert(allowed(state_, next));
    logger().debug("state", {{"domain", identity_.domain->name},
                             {"partition", std::int64_t{identity_.partition.value}},
                             {"from", std::string(name(state_))},
                             {"to", std::string(name(next))}});
    state_ = next;
}

void Owner::assign() {
    assigned_ = true;
    if (draining_process_) return;
    if (state_ == OwnerState::draining) {
        move_to(OwnerState::owning);  // the epoch is kept through a rebalance
    } else if (state_ == OwnerState::idle) {
        take_up();
    }
    tell();
}

void Owner::revoke() {
    assigned_ = false;
    if (state_ == OwnerState::owning) {
        drain_until_ = ports_.clock.steady() + limits_.drain;
        move_to(OwnerState::draining);
    } else if (state_ != OwnerState::idle && state_ != OwnerState::draining) {
        become_idle();
    }
}

void Owner::drain() {
    draining_process_ = true;
    if (state_ == OwnerState::owning) move_to(OwnerState::draining);
    if (state_ == OwnerState::draining) {
        drain_until_ = ports_.clock.steady();
    } else if (state_ != OwnerState::idle && state_ != OwnerState::stopped) {
        become_idle();
    }
}

void Owner::forget_speculative() {
    ports_.commands.stop();
    if (!test_hooks::mutant(Mutant::keep_speculation)) aggregates_.drop_speculative();
    careful_.reset();
    attempting_.reset();
    waits_for_turn_ = false;
    round_.end();
    deletion_.end();
    if (std::exchange(learning_, false)) restore_.stop();
    window_.clear();
    builder_.clear();
    window_entries_ = window_bytes_ = unsent_ = 0;
    probe_.window(0);
}

void Owner::become_idle() {
    forget_speculative();
    delete_due_.reset();
    restore_.stop();
    ports_.log.stop();
    probe_.stopped(false);
    move_to(OwnerState::idle);
    tell();
}

void Owner::stop(std::string reason) {
    reason_ = std::move(reason);
    if (state_ != OwnerState::idle) become_idle();
    move_to(OwnerState::stopped);
    look_again_ = ports_.clock.steady() + memory_.look_again_pause;
    memory_.look_again_pause = std::min(memory_.look_again_pause * 2, limits_.look_again_most);
    probe_.stopped(true);
    logger().error("the partition stands still: " + reason_,
                   {{"domain", identity_.domain->name},
                    {"partition", std::int64_t{identity_.partition.value}},
                    {"log_offset", reader_.position().offset.value},
                    {"next_command", reader_.next_offset()}});
}

void Owner::fence(std::string_view why) {
    logger().warning("claiming anew: " + std::string(why),
                     {{"domain", identity_.domain->name},
                      {"partition", std::int64_t{identity_.partition.value}},
                      {"epoch", reader_.position().epoch.value},
                      {"dropped_entries", std::uint64_t{window_entries()}}});
    probe_.fenced();
    if (state_ == OwnerState::draining || !assigned_) {
        become_idle();
        return;
    }
    if (takes_part()) taking_since_ = ports_.clock.steady();
    forget_speculative();
    // A jitter of a quarter either way keeps claimers from chasing each other in step.
    const auto ms = static_cast<std::uint64_t>(memory_.backoff.count());
    const auto delay = std::chrono::milliseconds(ms * 3 / 4 + ports_.random.below(ms / 2 + 1));
    memory_.backoff_until = ports_.clock.steady() + delay;
    memory_.backoff = std::min(memory_.backoff * 2, limits_.backoff_most);
    move_to(OwnerState::backing_off);
}

void Owner::tell() {
    probe_.careful(takes_part() ? careful_left_ : 0);
    if (takes_part() || !assigned_ || draining_process_) {
        unowned_since_.reset();
        probe_.unowned({});
    } else {
        const Time now = ports_.clock.steady();
        if (!unowned_since_) unowned_since_ = now;
        probe_.unowned(now - *unowned_since_);
    }
    if (!assigned_) {
        probe_.snapshots().marker_age({});
        return;
    }
    const std::int64_t now = ports_.clock.wall_ms();
    if (!marked_ms_) marked_ms_ = now;
    probe_.snapshots().marker_age(
        std::chrono::milliseconds(std::max<std::int64_t>(now - *marked_ms_, 0)));
}

bool Owner::step() {
    const bool worked = step_once();
    tell();
    return worked;
}

bool Owner::step_once() {
    if (state_ == OwnerState::stopped && assigned_ && !draining_process_ &&
        ports_.clock.steady() >= look_again_) {
        move_to(OwnerState::idle);
        take_up();
    }
    if (state_ == OwnerState::idle || state_ == OwnerState::stopped) return false;
    if (state_ == OwnerState::restoring) {
        check_times();
        return step_restoring();
    }
    bool worked = read_log();
    check_times();
    switch (state_) {
        case OwnerState::catching_up:
            // A rebalance does not shorten the pause.
            if (tail_at_end_ && ports_.clock.steady() >= memory_.backoff_until) {
                claim();
                worked = true;
            }
            break;
        case OwnerState::verifying:
            worked = verify() || worked;
            break;
        case OwnerState::owning:
        case OwnerState::draining:
            worked = decide_ahead() || worked;
            if (state_ == OwnerState::owning) worked = snapshots() || worked;
            break;
        default:
            break;
    }
    return worked || aggregates_.write_back();
}

void Owner::delivery(const kafka::DeliveryReport& report) {
    const bool delivered = check_.delivered(report.no_error, report.offset);
    const std::string why = report.error.empty() ? "its delivery is unproved" : report.error;
    if (state_ == OwnerState::claiming && report.tag == claim_tag_) {
        if (delivered) {
            claim_delivered_ = ports_.clock.steady();
        } else {
            probe_.claim("failed");
            fence("the claim was not delivered: " + why);
        }
        return;
    }
    const auto pending = std::find_if(window_.begin(), window_.end(),
                                      [&](const Pending& p) { return p.tag == report.tag; });
    if (pending == window_.end()) return;  // read back already, or dropped
    if (delivered) {
        pending->delivered = ports_.clock.steady();
    } else {
        if (report.never) {
            memory_.survived.reset();  // the next attempt counts
            note_refused(*pending);
        }
        fence("a record was not delivered: " + why);
    }
}

// The bytes of a command that is given up are kept, unless those are what cannot be sent.
void Owner::note_refused(const Pending& pending) {
    const DecidedEntry& entry = pending.decided.entries.front();
    if (entry.whole && entry.whole->has_kept()) memory_.bytes_refused = entry.command->offset;
}

void Owner::snapshot_delivery(const kafka::DeliveryReport& report) {
    const std::string why =
        SnapshotDeletion::is_tag(report.tag) ? deletion_.delivery(report) : round_.delivery(report);
    if (why.empty()) return;
    foreign_snapshots_ = true;  // what the topic has of the round is not known
    if (takes_part()) fence(why);
}

void Owner::producer_lost() {
    if (state_ == OwnerState::claiming || (takes_part() && !window_.empty())) {
        fence("the log's producer had a fatal error");
    }
}

// Who replaces it claims first: what the old one has sent may land late.
void Owner::snapshot_producer_lost() {
    foreign_snapshots_ = true;  // what the topic has of the round is not known
    if (takes_part()) fence("the snapshots' producer had a fatal error");
}

void Owner::check_times() {
    const Time now = ports_.clock.steady();
    const auto overdue = [&](const std::optional<Time>& delivered) {
        return delivered && now - *delivered > limits_.readback_timeout;
    };
    const bool claim_overdue = state_ == OwnerState::claiming && overdue(claim_delivered_);
    const bool record_overdue =
        takes_part() && !window_.empty() && overdue(window_.front().delivered);
    if (claim_overdue || record_overdue) {
        ports_.log.start(reader_.begin());  // perhaps it is the tail that hangs
        tail_at_end_ = false;
        if (claim_overdue) probe_.claim("failed");
        fence("no read-back in time");
        return;
    }
    if (state_ == OwnerState::backing_off && now >= memory_.backoff_until)
        move_to(OwnerState::catching_up);
    // To wait for the first record's delivery is not calm.
    const bool proved = window_.empty() || last_entry_ > owning_since_;
    if (state_ == OwnerState::owning && proved && now - owning_since_ >= limits_.calm) {
        memory_.backoff = limits_.backoff_least;
        memory_.look_again_pause = limits_.look_again_least;
    }
    if (state_ == OwnerState::draining && now >= drain_until_) {
        // An attempt that was read back is made: it would count against a command nobody decided.
        const bool attempted = careful_ && stored_.attempt_offset == careful_->offset.value;
        const bool done = window_.empty() && builder_.empty() && !attempted;
        if (done || now >= drain_until_ + limits_.drain) become_idle();
    }
}

}  // namespace foldstream::processing
