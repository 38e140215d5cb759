// States, taking a partition, reading the log. Deciding ahead is in owner_deciding.cpp.
#include "common/processing/owner.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "common/core/uuid.hpp"
#include "common/processing/decider.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

const runtime::Logger& logger() {
    static const runtime::Logger instance("owner");
    return instance;
}

constexpr std::size_t records_a_step = 64;

double seconds(std::chrono::steady_clock::duration d) {
    return std::chrono::duration<double>(d).count();
}

}  // namespace

std::string_view name(OwnerState state) {
    static constexpr std::array<std::string_view, 8> names = {
        "idle",   "catching_up", "claiming", "verifying",
        "owning", "backing_off", "draining", "stopped"};
    return names[static_cast<std::size_t>(state)];
}

bool allowed(OwnerState from, OwnerState to) {
    using enum OwnerState;
    if (to == stopped) return from != stopped;
    switch (from) {
        case idle:
            return to == catching_up;
        case catching_up:
            return to == claiming || to == idle;
        case claiming:
            return to == verifying || to == backing_off || to == idle;
        case verifying:
            return to == owning || to == backing_off || to == idle;
        case owning:
            return to == draining || to == backing_off || to == idle;
        case backing_off:
            return to == catching_up || to == idle;
        case draining:
            return to == owning || to == idle;
        case stopped:
            return false;
    }
    return false;
}

Owner::Owner(OwnerIdentity identity, const OwnerLimits& limits, const OwnerPorts& ports,
             std::unique_ptr<store::PartitionStore> store, OwnerProbe& probe)
    : identity_(std::move(identity)),
      limits_(limits),
      ports_(ports),
      probe_(probe),
      aggregates_(*identity_.domain, identity_.partition, std::move(store)),
      backoff_(limits.backoff_least) {}

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
    if (state_ == OwnerState::draining && !draining_process_) {
        move_to(OwnerState::owning);  // the epoch is kept through a rebalance
    } else if (state_ == OwnerState::idle && !draining_process_) {
        stored_ = aggregates_.position();
        reader_ = replay::LogReader(stored_.position, stored_.next_offset);
        tail_at_end_ = false;
        taking_since_ = ports_.clock.steady();
        probe_.stopped(false);  // perhaps an owner before this one was
        ports_.log.start(reader_.begin());
        move_to(OwnerState::catching_up);
    }
}

void Owner::revoke() {
    assigned_ = false;
    if (state_ == OwnerState::owning) {
        drain_until_ = ports_.clock.steady() + limits_.drain;
        move_to(OwnerState::draining);
    } else if (state_ != OwnerState::idle && state_ != OwnerState::draining &&
               state_ != OwnerState::stopped) {
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

void Owner::become_idle() {
    ports_.commands.stop();
    ports_.log.stop();
    aggregates_.drop_speculative();
    window_.clear();
    builder_.clear();
    window_entries_ = window_bytes_ = unsent_ = 0;
    probe_.window(0);
    probe_.unowned(0);
    move_to(OwnerState::idle);
}

void Owner::stop(std::string reason) {
    reason_ = std::move(reason);
    become_idle();
    move_to(OwnerState::stopped);
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
    const bool leaving = state_ == OwnerState::draining || !assigned_;
    if (leaving) {
        become_idle();
        return;
    }
    ports_.commands.stop();
    aggregates_.drop_speculative();
    window_.clear();
    builder_.clear();
    window_entries_ = window_bytes_ = unsent_ = 0;
    probe_.window(0);
    // A jitter of a quarter either way keeps claimers from chasing each other in step.
    const auto ms = static_cast<std::uint64_t>(backoff_.count());
    const auto delay = std::chrono::milliseconds(ms * 3 / 4 + ports_.random.below(ms / 2 + 1));
    taking_since_ = ports_.clock.steady();
    backoff_until_ = taking_since_ + delay;
    backoff_ = std::min(backoff_ * 2, limits_.backoff_most);
    move_to(OwnerState::backing_off);
}

bool Owner::step() {
    if (state_ == OwnerState::idle || state_ == OwnerState::stopped) return false;
    bool worked = read_log();
    check_times();
    switch (state_) {
        case OwnerState::catching_up:
            // A rebalance does not shorten the pause.
            if (tail_at_end_ && ports_.clock.steady() >= backoff_until_) {
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
            break;
        default:
            break;
    }
    return worked;
}

bool Owner::read_log() {
    bool worked = false;
    for (std::size_t n = 0; n < records_a_step; ++n) {
        if (state_ == OwnerState::idle || state_ == OwnerState::stopped) return worked;
        const auto read = ports_.log.next();
        if (!read) return worked;
        worked = true;
        if (const auto* end = std::get_if<End>(&*read)) {
            if (end->offset < reader_.seen_offset()) {
                stop("the log ends at offset " + std::to_string(end->offset.value) +
                     ", before the stored position " +
                     std::to_string(reader_.position().offset.value) +
                     ": it was recreated, cut or restored");
            }
            tail_at_end_ = true;
        } else if (const auto* broken = std::get_if<Broken>(&*read)) {
            if (!broken->transient) stop("the log cannot be read: " + broken->reason);
        } else {
            tail_at_end_ = false;
            read_log_record(std::get<replay::LogRecord>(*read));
        }
    }
    return worked;
}

void Owner::read_log_record(const replay::LogRecord& record) {
    if (!window_.empty()) {
        const auto frame = codec::parse_frame(record.value);
        if (frame && frame->id == window_.front().id && frame->epoch == reader_.position().epoch) {
            settle_own(record);
            return;
        }
    }
    const auto result = reader_.feed(record);
    if (const auto* stopped = std::get_if<replay::Stop>(&result)) {
        stop(stopped->reason);
    } else if (const auto* ignored = std::get_if<replay::Ignored>(&result)) {
        if (record.offset != stored_.position.offset) on_ignored(record, ignored->verdict);
    } else if (const auto* claim = std::get_if<replay::ValidClaim>(&result)) {
        on_claim(*claim);
    } else {
        on_foreign_entries(std::get<replay::ValidEntries>(result));
    }
}

void Owner::settle_position() {
    stored_.position = reader_.position();
    if (!reader_.log_id().empty()) stored_.log_id = reader_.log_id();
}

void Owner::settle_own(const replay::LogRecord& record) {
    const std::uint64_t next = window_.front().decided.next_offset();
    const replay::Verdict verdict = reader_.feed_own(record, next);
    if (reader_.stopped()) {
        stop(reader_.stopped()->reason);
        return;
    }
    if (verdict != replay::Verdict::entries) {
        probe_.ignored(verdict);
        fence("an own record is not valid (" + std::string(replay::name(verdict)) + ")");
        return;
    }
    const Pending settled = std::move(window_.front());
    window_.pop_front();
    window_entries_ -= static_cast<std::size_t>(settled.decided.entries.entries_size());
    window_bytes_ -= settled.decided.bytes;
    settle_position();
    std::vector<const Change*> changes;
    changes.reserve(settled.decided.changes.size());
    for (const Change& change : settled.decided.changes) changes.push_back(&change);
    for (const v1::Entry& entry : settled.decided.entries.entries()) note_command(entry, stored_);
    aggregates_.settle(changes, stored_);
    for (const Change& change : settled.decided.changes) aggregates_.unpin(change.aggregate_id);

    last_entry_ = ports_.clock.steady();
    probe_.read_back(seconds(last_entry_ - settled.sent));
    probe_.window(window_entries());
    Sequence sequence = settled.decided.first;
    for (const v1::Entry& entry : settled.decided.entries.entries()) {
        ports_.outcomes.final(entry, sequence);
        ++sequence.value;
    }
}

void Owner::on_ignored(const replay::LogRecord& record, replay::Verdict verdict) {
    probe_.ignored(verdict);
    if (replay::alarms(verdict)) {
        logger().error("a record of the log does not count and should not exist",
                       {{"domain", identity_.domain->name},
                        {"partition", std::int64_t{identity_.partition.value}},
                        {"offset", record.offset.value},
                        {"verdict", std::string(replay::name(verdict))}});
    }
    const auto frame = codec::parse_frame(record.value);
    if (!frame) return;
    const bool own = std::any_of(window_.begin(), window_.end(),
                                 [&](const Pending& pending) { return pending.id == frame->id; });
    if (own) fence("an own record is not valid (" + std::string(replay::name(verdict)) + ")");
}

void Owner::on_claim(const replay::ValidClaim& valid) {
    for (const v1::PartitionCount& count : valid.claim.partition_counts()) {
        if (count.domain() == identity_.domain->name &&
            count.partitions() != identity_.partitions) {
            stop("the log was written with " + std::to_string(count.partitions()) +
                 " partitions of " + count.domain() + ", the topics have " +
                 std::to_string(identity_.partitions));
            return;
        }
    }
    settle_position();
    aggregates_.settle({}, stored_);
    probe_.epoch(valid.epoch);
    const bool own = state_ == OwnerState::claiming && valid.claim.nonce() == nonce_;
    if (own) {
        probe_.claim("valid");
        begin_verifying();
    } else if (state_ == OwnerState::claiming) {
        probe_.claim("lost");
        fence("somebody else's claim came first (" + valid.claim.owner() + ")");
    } else if (state_ == OwnerState::verifying || state_ == OwnerState::owning ||
               state_ == OwnerState::draining) {
        fence("fenced by the claim of " + valid.claim.owner());
    }
}

void Owner::on_foreign_entries(const replay::ValidEntries& valid) {
    // In my own epoch only a twin can have written it: nothing that I decided ahead counts any
    // more.
    const bool twin = state_ == OwnerState::verifying || state_ == OwnerState::owning ||
                      state_ == OwnerState::draining;
    if (twin) aggregates_.drop_speculative();
    std::vector<Change> changes;
    Sequence sequence = valid.first;
    for (const v1::Entry& entry : valid.body.entries()) {
        const std::string reason = aggregates_.fold(entry, sequence, changes);
        if (!reason.empty()) {
            stop(reason);
            return;
        }
        note_command(entry, stored_);
        ++sequence.value;
    }
    settle_position();
    std::vector<const Change*> pointers;
    pointers.reserve(changes.size());
    for (const Change& change : changes) pointers.push_back(&change);
    aggregates_.settle(pointers, stored_);
    last_entry_ = ports_.clock.steady();
    if (twin) fence("a valid record of this epoch is not the own one");
}

void Owner::claim() {
    nonce_ = Uuid::random(ports_.random).raw();
    v1::Claim claim;
    claim.set_nonce(nonce_);
    claim.set_owner(identity_.name);
    auto& count = *claim.add_partition_counts();
    count.set_domain(identity_.domain->name);
    count.set_partitions(identity_.partitions);
    const Epoch next(reader_.position().epoch.value + 1);
    claim_tag_ = next_tag_++;
    claim_sent_ = ports_.clock.steady();
    claim_delivered_.reset();
    move_to(OwnerState::claiming);
    if (ports_.sink.send(codec::claim_record(next, claim.SerializeAsString()), claim_tag_) !=
        Sent::queued) {
        probe_.claim("failed");
        fence("the claim could not be sent");
        return;
    }
    probe_.claim("sent");
}

void Owner::begin_verifying() {
    link_ = reader_.position().link;
    next_sequence_ = Sequence(reader_.position().sequence.value + 1);
    next_command_ = reader_.next_offset();
    last_command_gone_ = false;
    command_end_ = Offset(0);
    const bool look = stored_.last_command_offset >= 0;
    ports_.commands.start(
        Offset(look ? stored_.last_command_offset : static_cast<std::int64_t>(next_command_)));
    move_to(OwnerState::verifying);
}

// The commands topic must be the one that the log was decided from: the last command stands where
// it stood, or is below what the topic still has while the next one is not.
bool Owner::verify() {
    const auto read = ports_.commands.next();
    if (!read) return false;
    const bool looking = stored_.last_command_offset >= 0 && !last_command_gone_;
    const std::string next = std::to_string(next_command_);
    if (const auto* broken = std::get_if<Broken>(&*read)) {
        if (broken->transient) return true;
        if (broken->out_of_range && looking) {
            last_command_gone_ = true;
            ports_.commands.start(Offset(static_cast<std::int64_t>(next_command_)));
        } else if (broken->out_of_range) {
            stop("command " + next +
                 " is not in the commands topic: it was deleted before it was "
                 "read, or the topic was recreated");
        } else {
            stop("the commands topic cannot be read: " + broken->reason);
        }
        return true;
    }
    if (const auto* end = std::get_if<End>(&*read)) {
        if (looking || end->offset.value < static_cast<std::int64_t>(next_command_)) {
            stop("the commands topic ends at offset " + std::to_string(end->offset.value) +
                 ", before the last command that was decided: it was recreated");
        } else {
            verified();
        }
        return true;
    }
    const auto& raw = std::get<fold::RawCommand>(*read);
    if (looking) {
        const CommandPlace place = place_of(raw);
        if (place.offset.value != stored_.last_command_offset ||
            place.append_time_ms != stored_.last_command_time_ms ||
            place.raw_hash != stored_.last_command_hash) {
            stop("the command at offset " + std::to_string(stored_.last_command_offset) +
                 " is not the one that was decided: the commands topic was recreated");
        } else {
            verified();
        }
        return true;
    }
    verified();
    decide_one(raw);
    return true;
}

void Owner::verified() {
    owning_since_ = last_entry_ = ports_.clock.steady();
    probe_.takeover(seconds(owning_since_ - taking_since_));
    probe_.unowned(0);
    move_to(OwnerState::owning);
    logger().info("owns the partition", {{"domain", identity_.domain->name},
                                         {"partition", std::int64_t{identity_.partition.value}},
                                         {"epoch", reader_.position().epoch.value},
                                         {"sequence", reader_.position().sequence.value},
                                         {"next_command", next_command_}});
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
        fence("a record was not delivered: " + why);
    }
}

void Owner::producer_lost() {
    if (state_ == OwnerState::claiming || (takes_part() && !window_.empty())) {
        fence("the producer had a fatal error");
    }
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
    if (state_ == OwnerState::backing_off && now >= backoff_until_)
        move_to(OwnerState::catching_up);
    // To wait for the first record's delivery is not calm.
    const bool proved = window_.empty() || last_entry_ > owning_since_;
    if (state_ == OwnerState::owning && proved && now - owning_since_ >= limits_.calm) {
        backoff_ = limits_.backoff_least;
    }
    if (state_ == OwnerState::draining && now >= drain_until_) {
        const bool done = window_.empty() && builder_.empty();
        if (done || now >= drain_until_ + limits_.drain) become_idle();
    }
    if (state_ != OwnerState::owning && state_ != OwnerState::draining && assigned_ &&
        state_ != OwnerState::idle && state_ != OwnerState::stopped) {
        probe_.unowned(seconds(now - taking_since_));
    }
}

}  // namespace foldstream::processing
