// Reading the log: what counts, whose it is, and what it does to the owner.
#include <algorithm>
#include <cassert>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/processing/owner.hpp"
#include "common/processing/ways_out.hpp"
#include "common/runtime/log.hpp"
#include "foldstream/v1/platform.pb.h"

namespace foldstream::processing {

namespace {

using test_hooks::FaultPoint;
using test_hooks::Mutant;

constexpr std::size_t records_a_step = 64;

bool says(const v1::Entry& entry, const google::protobuf::Descriptor* command) {
    return entry.outcome() == v1::OUTCOME_ACCEPTED && entry.has_command() &&
           entry.command_type() == command->full_name();
}

}  // namespace

bool Owner::read_log() {
    bool worked = false;
    for (std::size_t n = 0; n < records_a_step; ++n) {
        if (state_ == OwnerState::idle || state_ == OwnerState::stopped ||
            state_ == OwnerState::restoring) {
            return worked;
        }
        const auto read = ports_.log.next();
        if (!read) return worked;
        worked = true;
        if (const auto* end = std::get_if<End>(&*read)) {
            if (end->offset < reader_.seen_offset()) {
                distrust("the log ends at offset " + std::to_string(end->offset.value) +
                         ", before the stored position " +
                         std::to_string(reader_.position().offset.value) +
                         ": it was recreated, cut or restored");
                return worked;
            }
            tail_at_end_ = true;
        } else if (const auto* broken = std::get_if<Broken>(&*read)) {
            if (broken->transient) continue;
            // A position that the log does not have (any more).
            if (broken->out_of_range) {
                distrust("the log cannot be read: " + broken->reason);
            } else {
                stop("the log cannot be read: " + broken->reason + std::string(ways_out::mend_log));
            }
        } else {
            tail_at_end_ = false;
            read_log_record(std::get<replay::LogRecord>(*read));
        }
    }
    return worked;
}

bool Owner::is_own(const replay::LogRecord& record) const {
    if (window_.empty()) return false;
    const Pending& first = window_.front();
    const auto frame = codec::parse_frame(record.value);
    if (!frame || frame->epoch != first.epoch || frame->epoch != reader_.position().epoch) {
        return false;
    }
    if (test_hooks::mutant(Mutant::own_by_epoch_and_sequence)) {
        return frame->sequence == first.decided.first;
    }
    return frame->id == first.id;
}

void Owner::read_log_record(const replay::LogRecord& record) {
    if (is_own(record)) {
        settle_own(record);
        return;
    }
    const auto result = reader_.feed(record);
    if (const auto* stopped = std::get_if<replay::Stop>(&result)) {
        if (stopped->mismatch) {
            distrust(stopped->reason);
        } else {
            stop(stopped->reason);
        }
    } else if (const auto* ignored = std::get_if<replay::Ignored>(&result)) {
        if (record.offset != stored_.position.offset) on_ignored(record, ignored->verdict);
    } else if (const auto* claim = std::get_if<replay::ValidClaim>(&result)) {
        on_claim(*claim);
    } else {
        on_foreign_entries(std::get<replay::ValidEntries>(result));
    }
}

bool Owner::settle_position() {
    stored_.position = reader_.position();
    if (!reader_.log_id().empty()) stored_.log_id = reader_.log_id();
    replay::Position& vouched = stored_.vouched;
    if (vouched.offset.value < 0 || stored_.position.offset < vouched.offset) return true;
    if (stored_.position.offset != vouched.offset || stored_.position.link != vouched.link) {
        distrust("the record at offset " + std::to_string(vouched.offset.value) +
                 " is not the one that a snapshot was folded from: the log was recreated, cut or "
                 "restored");
        return false;
    }
    vouched = {};
    return true;
}

// False: the owner begins again without the marker that it began at.
bool Owner::note_marker(const v1::Entry& entry, bool own) {
    if (!own && reader_.position().offset > restored_marker_) foreign_snapshots_ = true;
    if (entry.marker().state_version() == identity_.domain->evolve_version) {
        marked_ms_ = entry.time_ms();
        if (own && round_writes_all_) stored_.rewrite_all = false;
        return true;
    }
    // Its owner's sweep may have taken snapshots that my own markers vouch for.
    stored_.rewrite_all = true;
    if (!stored_.from_marker || own) return true;
    restore_again(
        "an owner of another evolve_version has swept behind the marker that a restore began at",
        false);
    return false;
}

// False: the owner begins again without the marker that it began at.
bool Owner::note(const v1::Entry& entry, Sequence sequence, bool own) {
    note_entry(entry, sequence, reader_.position().offset, identity_.domain->evolve_version,
               stored_);
    if (entry.has_marker() && !note_marker(entry, own)) return false;
    if (!says(entry, v1::DeleteSnapshots::descriptor())) return true;
    if (stored_.from_marker && !own) {
        restore_again("the snapshots were deleted after the marker that a restore began at", false);
        return false;
    }
    stored_.deleted_at = sequence.value;
    return true;
}

void Owner::note_own(const DecidedRecord& decided) {
    Sequence sequence = decided.first;
    for (const DecidedEntry& entry : decided.entries) {
        if (entry.whole) {
            const bool goes_on = note(*entry.whole, sequence, true);
            assert(goes_on);  // what an own entry says was decided in this epoch
            (void)goes_on;
        } else {
            stored_.next_offset = entry.next_offset;
            note_command(*entry.command, sequence, stored_);
        }
        ++sequence.value;
    }
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
    test_hooks::fault_point(FaultPoint::read_back);
    Pending settled = std::move(window_.front());
    window_.pop_front();
    window_entries_ -= settled.decided.entries.size();
    window_bytes_ -= settled.decided.bytes;
    const Sequence covered(stored_.covered);
    if (!settle_position()) return;
    note_own(settled.decided);
    aggregates_.settle(std::move(settled.decided.changes), stored_);
    last_entry_ = ports_.clock.steady();
    probe_.read_back(last_entry_ - settled.sent);
    probe_.window(window_entries());
    if (!test_hooks::mutant(Mutant::answer_before_readback)) answer(settled.decided);
    after_own(settled.decided, covered);
}

void Owner::answer(const DecidedRecord& decided) {
    ports_.outcomes.final(decided);
    for (const DecidedEntry& entry : decided.entries) {
        if (entry.whole) probe_.final(*entry.whole);
    }
    for (const PendingReply& reply : decided.replies) {
        ports_.replies.reply(reply.address, reply.outcome);
    }
    test_hooks::fault_point(FaultPoint::answered);
}

// What own entries set going once they count.
void Owner::after_own(const DecidedRecord& decided, Sequence before) {
    for (const DecidedEntry& kept : decided.entries) {
        if (!kept.whole) continue;
        const v1::Entry& entry = *kept.whole;
        if (entry.has_marker()) round_.marker_read(reader_.position(), before);
        if (says(entry, v1::CreateSnapshots::descriptor())) round_due_ = true;
        if (says(entry, v1::DeleteSnapshots::descriptor())) {
            // Under a new epoch, so that everything older may go.
            delete_due_ = reader_.position().offset;
            const auto pause = memory_.backoff;
            fence("its snapshots are to be deleted");
            memory_.backoff = pause;  // nobody is in the way
            memory_.backoff_until = ports_.clock.steady();
            return;
        }
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
                 std::to_string(identity_.partitions) +
                 " (a domain's partition count is fixed for ever: make its topics with the log's)");
            return;
        }
    }
    if (!settle_position()) return;
    ++stored_.claims;
    if (valid.claim.has_adoption()) {
        stored_.next_offset = reader_.next_offset();
        if (stored_.position.sequence.value >= stored_.counters_sequence) {
            stored_.last_command_offset = -1;
        }
        stored_.attempt_offset = -1;
        stored_.attempt_k = 0;
    }
    aggregates_.settle({}, stored_);
    aggregates_.write_back();
    probe_.epoch(valid.epoch);
    const bool mine =
        valid.claim.nonce() == nonce_ || test_hooks::mutant(Mutant::claim_without_nonce);
    if (!mine) {
        foreign_snapshots_ = true;
        memory_.attempting.reset();  // what the log has of it from here on may be somebody else's
    }
    // Somebody owned in between, and may have vouched for snapshots since: the word is spent.
    if (state_ != OwnerState::claiming || !mine) delete_due_.reset();
    if (state_ == OwnerState::claiming && mine) {
        probe_.claim("valid");
        begin_verifying();
    } else if (state_ == OwnerState::claiming) {
        probe_.claim("lost");
        fence("somebody else's claim came first (" + valid.claim.owner() + ")");
    } else if ((state_ == OwnerState::verifying || takes_part()) &&
               !(test_hooks::mutant(Mutant::decide_before_claim) && mine)) {
        fence("fenced by the claim of " + valid.claim.owner());
    }
}

void Owner::on_foreign_entries(const replay::ValidEntries& valid) {
    // In my own epoch only a twin can have written it: nothing that I decided ahead counts any
    // more.
    const bool twin = state_ == OwnerState::verifying || takes_part();
    if (twin) aggregates_.drop_speculative();
    if (twin) memory_.attempting.reset();
    std::vector<Change> changes;
    Sequence sequence = valid.first;
    for (const v1::Entry& entry : valid.body.entries()) {
        const FoldFailure failure = aggregates_.fold(entry, sequence, changes);
        if (failure.gap) {
            restore_again(failure.reason, true);
            return;
        }
        if (!failure.reason.empty()) {
            stop(failure.reason);
            return;
        }
        ++sequence.value;
    }
    if (!settle_position()) return;
    sequence = valid.first;
    for (const v1::Entry& entry : valid.body.entries()) {
        if (!note(entry, sequence, false)) return;
        ++sequence.value;
    }
    if (test_hooks::mutant(Mutant::dirty_by_owner_only)) {
        for (Change& change : changes) change.dirty = false;
    }
    aggregates_.settle(std::move(changes), stored_);
    last_entry_ = ports_.clock.steady();
    if (twin) fence("a valid record of this epoch is not the own one");
}

}  // namespace foldstream::processing
