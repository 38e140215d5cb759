// Taking a partition: from the store or the snapshots, by the log, to an own claim that is valid.
#include <algorithm>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/core/uuid.hpp"
#include "common/processing/decider.hpp"
#include "common/processing/owner.hpp"
#include "common/processing/ways_out.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

using test_hooks::FaultPoint;
using test_hooks::Mutant;

constexpr std::uint32_t most_restores = 3;
// Claims before the own one without an entry that decided something: whoever made them got nowhere.
constexpr std::uint32_t claims_that_got_nowhere = 2;

}  // namespace

void Owner::take_up() {
    taking_since_ = ports_.clock.steady();
    // An hour after a quarrel there is none.
    if (taking_since_ - memory_.backoff_until >= limits_.calm)
        memory_.backoff = limits_.backoff_least;
    probe_.stopped(false);  // perhaps an owner before this one was
    reason_.clear();
    restores_ = 0;
    distrusted_.clear();
    stored_ = aggregates_.position();
    if (stored_.position.offset.value < 0) {
        restore(true);
    } else {
        foreign_snapshots_ = true;  // of owners while this store was away
        catch_up();
    }
}

// With `distrusted_` the partition of snapshots is read for an operator's reset alone.
void Owner::restore(bool use_marker) {
    aggregates_.drop_speculative();
    ports_.log.stop();
    move_to(OwnerState::restoring);
    if (distrusted_.empty()) {
        restore_.begin(use_marker);
    } else {
        restore_.begin_looking_for_reset();
    }
}

void Owner::restore_again(const std::string& why, bool use_marker) {
    if (++restores_ >= most_restores) {
        probe_.snapshots().restore_broken();
        stop(why + " (also after " + std::to_string(most_restores) + " restores from empty)" +
             std::string(ways_out::fold_from_the_start));
        return;
    }
    probe_.snapshots().restored_again();
    logger().warning("restoring from empty: " + why,
                     {{"domain", identity_.domain->name},
                      {"partition", std::int64_t{identity_.partition.value}}});
    if (takes_part() || state_ == OwnerState::verifying) fence(why);
    if (state_ != OwnerState::idle) restore(use_marker);
}

bool Owner::step_restoring() {
    bool worked = false;
    switch (restore_.step(worked)) {
        case SnapshotRestore::Progress::reading:
            break;
        case SnapshotRestore::Progress::broken:
            probe_.snapshots().restore_broken();
            stop_unrestored();
            break;
        case SnapshotRestore::Progress::done:
            restored();
            worked = true;
            break;
    }
    return worked;
}

// What was found wrong with the log comes first: a reset that was looked for would only have said
// how to go on.
void Owner::stop_unrestored() {
    const std::string unread = "the snapshots cannot be read: " + restore_.reason();
    if (distrusted_.empty()) return stop(unread + std::string(ways_out::mend_snapshots));
    stop(std::exchange(distrusted_, {}) + "; whether it was reset is not known: " + unread);
}

void Owner::restored() {
    if (!distrusted_.empty()) {
        const bool said = !restore_.reset_id().empty() && restore_.reset_id() != stored_.reset_id;
        const std::string why = std::exchange(distrusted_, {});
        if (!said) {
            stop(why);
            return;
        }
        logger().warning("an operator has reset the partition: begins from empty",
                         {{"domain", identity_.domain->name},
                          {"partition", std::int64_t{identity_.partition.value}}});
        restore_.begin(true);
        return;
    }
    probe_.snapshots().restored();
    stored_ = aggregates_.position();
    foreign_snapshots_ = false;
    memory_.attempting.reset();  // who else claimed behind the marker was not seen
    restored_marker_ = Offset(stored_.marker_offset);
    logger().info("restored", {{"domain", identity_.domain->name},
                               {"partition", std::int64_t{identity_.partition.value}},
                               {"aggregates", std::uint64_t{restore_.aggregates()}},
                               {"from_sequence", stored_.position.sequence.value}});
    catch_up();
}

void Owner::catch_up() {
    reader_ = replay::LogReader(stored_.position, stored_.next_offset);
    tail_at_end_ = false;
    check_.new_session();  // of another log, perhaps: its offsets begin anew
    ports_.log.start(reader_.begin());
    move_to(OwnerState::catching_up);
}

void Owner::distrust(std::string reason) {
    reason += ways_out::reset;
    if (state_ == OwnerState::draining || !assigned_ || draining_process_) return stop(reason);
    distrusted_ = std::move(reason);
    become_idle();
    restore(true);
}

void Owner::claim() {
    if (stored_.vouched.offset.value >= 0) {
        distrust("the log ends before offset " + std::to_string(stored_.vouched.offset.value) +
                 ", which a snapshot was folded from: it was recreated, cut or restored");
        return;
    }
    stored_.from_marker = false;
    nonce_ = test_hooks::forced_nonce();
    if (nonce_.empty()) nonce_ = Uuid::random(ports_.random).raw();
    v1::Claim claim;
    claim.set_nonce(nonce_);
    claim.set_owner(identity_.name);
    auto& count = *claim.add_partition_counts();
    count.set_domain(identity_.domain->name);
    count.set_partitions(identity_.partitions);
    const Epoch next(reader_.position().epoch.value + 1);
    claim_tag_ = memory_.next_tag++;
    claim_delivered_.reset();
    move_to(OwnerState::claiming);
    const std::string record = codec::claim_record(next, claim.SerializeAsString());
    if (ports_.sink.send(record, claim_tag_) != Sent::queued) {
        probe_.claim("failed");
        fence("the claim could not be sent");
        return;
    }
    probe_.claim("sent");
    test_hooks::fault_point(FaultPoint::claim_sent);
    if (test_hooks::mutant(Mutant::decide_before_claim)) {
        begin_verifying();
        epoch_ = next;
        link_ = codec::parse_frame(record)->id;
    }
}

void Owner::begin_verifying() {
    test_hooks::fault_point(FaultPoint::claim_read);
    epoch_ = reader_.position().epoch;
    link_ = reader_.position().link;
    next_sequence_ = Sequence(reader_.position().sequence.value + 1);
    next_command_ = reader_.next_offset();
    if (test_hooks::mutant(Mutant::next_from_group_offset)) {
        next_command_ = ports_.commands.group_offset().value_or(next_command_);
    }
    last_command_gone_ = false;
    command_end_ = Offset(0);
    const bool nowhere = stored_.claims > claims_that_got_nowhere || stored_.attempt_offset >= 0;
    careful_left_ = nowhere ? limits_.careful_commands : 0;
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
                 " is not in the commands topic: it was deleted before it was read, or the topic "
                 "was recreated" +
                 std::string(ways_out::adopt));
        } else {
            stop("the commands topic cannot be read: " + broken->reason +
                 std::string(ways_out::mend_commands));
        }
        return true;
    }
    if (const auto* end = std::get_if<End>(&*read)) {
        const Offset last = end->offset;
        if (looking || last.value < static_cast<std::int64_t>(next_command_)) {
            stop("the commands topic ends at offset " + std::to_string(last.value) +
                 ", before the last command that was decided: it was recreated" +
                 std::string(ways_out::adopt));
        } else {
            command_end_ = last;
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
                 " is not the one that was decided: the commands topic was recreated" +
                 std::string(ways_out::adopt));
        } else {
            verified();
        }
        return true;
    }
    verified();
    const auto deciding = turn_.decide(ports_.clock.steady());
    if (!deciding) careful_left_ = std::max<std::size_t>(careful_left_, 1);
    if (careful_left_ > 0) {
        careful_ = raw;
    } else {
        decide_one(raw);
    }
    return true;
}

void Owner::verified() {
    owning_since_ = last_entry_ = ports_.clock.steady();
    restores_ = 0;
    const auto takeover = owning_since_ - taking_since_;
    probe_.takeover(takeover);
    move_to(OwnerState::owning);
    round_.open(epoch_);
    // Not all partitions of a process at once.
    const auto interval = static_cast<std::uint64_t>(limits_.snapshot_interval.count());
    round_at_ = owning_since_ +
                std::chrono::milliseconds(interval * 3 / 4 + ports_.random.below(interval / 2 + 1));
    round_sequence_ = reader_.position().sequence;
    marked_to_.clear();
    all_marked_ = false;
    if (delete_due_) deletion_.begin(epoch_, *std::exchange(delete_due_, std::nullopt));
    logger().info(
        "owns the partition",
        {{"domain", identity_.domain->name},
         {"partition", std::int64_t{identity_.partition.value}},
         {"epoch", epoch_.value},
         {"sequence", reader_.position().sequence.value},
         {"next_command", next_command_},
         {"carefully", careful_left_ > 0},
         {"takeover_ms",
          std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(takeover).count()}}});
}

}  // namespace foldstream::processing
