// Deciding ahead of the log, in the states owning and draining; and the snapshots of what was read
// back.
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/processing/decider.hpp"
#include "common/processing/outcome.hpp"
#include "common/processing/owner.hpp"
#include "common/processing/ways_out.hpp"

namespace foldstream::processing {

namespace {

using test_hooks::FaultPoint;
using test_hooks::Mutant;

constexpr std::size_t commands_a_step = 256;
// Attempts at a command that ended their process; the next one is not made.
constexpr std::uint32_t most_attempts = 2;

}  // namespace

bool Owner::takes_part() const {
    return state_ == OwnerState::owning || state_ == OwnerState::draining;
}

bool Owner::takes_commands() const {
    return state_ == OwnerState::owning ||
           (state_ == OwnerState::draining && ports_.clock.steady() < drain_until_);
}

bool Owner::window_full() const {
    return window_entries() >= limits_.window_entries ||
           window_bytes_ + builder_.bytes() >= limits_.window_bytes;
}

std::optional<fold::RawCommand> Owner::next_command(bool& worked) {
    for (;;) {
        const auto read = ports_.commands.next();
        if (!read) return std::nullopt;
        worked = true;
        if (const auto* broken = std::get_if<Broken>(&*read)) {
            if (broken->transient) continue;
            stop("the commands topic cannot be read: " + broken->reason +
                 std::string(ways_out::mend_commands));
            return std::nullopt;
        }
        if (const auto* end = std::get_if<End>(&*read)) {
            command_end_ = end->offset;
            continue;
        }
        const auto& raw = std::get<fold::RawCommand>(*read);
        if (raw.offset.value >= static_cast<std::int64_t>(next_command_)) return raw;
    }
}

bool Owner::decide_ahead() {
    if (!send_unsent()) return false;
    if (attempting_ && !careful_ && window_.empty() && builder_.empty()) {
        attempting_.reset();
        return true;  // the others first
    }
    if (careful_left_ > 0) return decide_carefully();
    const auto deciding = turn_.decide(ports_.clock.steady());
    waits_for_turn_ = !deciding;
    return deciding && decide_many();
}

bool Owner::decide_many() {
    bool worked = false;
    bool drained = true;
    mark_covered();
    for (std::size_t n = 0; takes_commands() && !window_full(); ++n) {
        if (n == commands_a_step || unsent_ > 0) {
            drained = false;
            break;
        }
        const auto raw = next_command(worked);
        if (!raw) break;
        decide_one(*raw);
    }
    if (!takes_part()) return worked;
    if (drained && builder_.empty()) tick();
    if (drained && !builder_.empty()) {
        cut();
        send_unsent();
        worked = true;
    }
    return worked;
}

// One command at a time, each behind an attempt entry that has been read back, so that whoever
// comes after this process knows what ended it.
bool Owner::decide_carefully() {
    if (!window_.empty() || !builder_.empty()) return false;
    bool worked = false;
    if (!careful_ && takes_commands()) careful_ = next_command(worked);
    if (!takes_part()) return worked;
    if (!careful_) {
        mark_covered();
        if (builder_.empty()) tick();
        if (builder_.empty()) return worked;
        cut();
        send_unsent();
        return true;
    }
    if (!attempting_) attempting_ = turn_.attempt(ports_.clock.steady());
    waits_for_turn_ = !attempting_;
    if (!attempting_) return worked;
    if (!attempt(*careful_)) {
        careful_.reset();
        --careful_left_;
    }
    if (!takes_part()) return true;
    cut();
    send_unsent();
    return true;
}

// True: an attempt entry was decided, and the command waits for it. False: the command was decided.
bool Owner::attempt(const fold::RawCommand& raw) {
    const bool attempted = stored_.attempt_offset == raw.offset.value;
    const bool goes_on = attempted && memory_.survived == raw.offset;
    const bool mine = attempted && memory_.attempting == raw.offset;
    if (goes_on || mine || raw.value.size() > fold::max_command_bytes) {
        memory_.attempting.reset();
        memory_.survived = raw.offset;  // unless its record is what cannot be sent
        decide_one(raw);
        return false;
    }
    if (attempted && memory_.bytes_refused != raw.offset) probe_.attempt_failed();
    const std::uint32_t k = attempted ? stored_.attempt_k : 0;
    if (k >= most_attempts) {
        const v1::Entry entry = crashed(raw, place_of(raw), memory_.bytes_refused != raw.offset);
        Decision refused;
        if (entry.kept().has_reply()) {
            v1::CommandOutcome outcome;
            outcome.set_command_id(entry.kept().command_id());
            complete(outcome, entry, *identity_.domain, identity_.partition, next_sequence_);
            refused.reply = PendingReply{entry.kept().reply(), outcome.SerializeAsString()};
        }
        add(entry, std::move(refused));
        return false;
    }
    v1::Entry entry;
    entry.mutable_attempt()->set_offset(static_cast<std::uint64_t>(raw.offset.value));
    entry.mutable_attempt()->set_k(k + 1);
    memory_.attempting = raw.offset;
    memory_.survived.reset();
    add_own(std::move(entry), next_command_);
    return true;
}

Owner::Decision Owner::decision_of(const fold::RawCommand& raw) {
    const CommandPlace place = place_of(raw);
    auto decoded = fold::decode_command(*identity_.domain, raw, identity_.partitions);
    Decision made;
    std::optional<v1::CommandOutcome> outcome;  // where the sender asked for it
    std::optional<v1::ReplyAddress> address;
    if (!decoded) {
        entry_ = refuse(decoded.error(), place);
        address = std::move(decoded.error().reply);
        if (address) outcome = outcome_of(decoded.error());
    } else if (decoded->type == nullptr) {
        entry_ = take_platform_command(*decoded, place);
        address = std::move(decoded->reply);
        if (address) outcome.emplace();
    } else {
        made.touched = &aggregates_.cached(decoded->aggregate_id);
        Aggregate& aggregate = made.touched->aggregate;
        made.command_type = decoded->type;
        address = std::move(decoded->reply);
        std::vector<std::string> would_be;
        entry_.Clear();
        decide(entry_, aggregate, *decoded, place, identity_.partition, next_sequence_,
               *identity_.domain, address ? &would_be : nullptr);
        if (address && entry_.outcome() == v1::OUTCOME_DUPLICATE) {
            outcome = first_outcome(*aggregate.find_slot(decoded->command_id));
        } else if (address) {
            outcome = outcome_of(would_be, entry_.version());
        }
    }
    if (outcome) {
        complete(*outcome, entry_, *identity_.domain, identity_.partition, next_sequence_);
        made.reply = PendingReply{*address, outcome->SerializeAsString()};
    }
    return made;
}

void Owner::decide_one(const fold::RawCommand& raw) {
    if (raw.offset.value < static_cast<std::int64_t>(next_command_)) return;
    Decision decision = [&] {
        const DecideScope watched(ports_.watch, identity_.partition, raw.offset);
        return decision_of(raw);
    }();
    test_hooks::fault_point(FaultPoint::decided);
    add(entry_, std::move(decision));
}

void Owner::add(const v1::Entry& entry, Decision decision) {
    if (builder_.must_cut_before(entry.ByteSizeLong())) cut();
    if (decision.touched != nullptr && touches_aggregate(entry)) {
        Change change = advance(decision.touched->aggregate, entry, next_sequence_);
        aggregates_.pin(change, *decision.touched);
        builder_.add(std::move(change));
    }
    next_command_ = entry.next_offset();
    builder_.add(entry, next_sequence_, decision.command_type);
    if (decision.reply) builder_.add(std::move(*decision.reply));
    ++next_sequence_.value;
    if (builder_.full()) {
        cut();
        send_unsent();
    }
}

void Owner::add_own(v1::Entry entry, std::uint64_t next_offset) {
    entry.set_next_offset(next_offset);
    entry.set_time_ms(ports_.clock.wall_ms());
    add(entry, {});
}

void Owner::cut() {
    if (builder_.empty()) return;
    Pending pending;
    pending.epoch = epoch_;
    pending.value = builder_.cut(epoch_, link_, pending.decided);
    pending.id = codec::parse_frame(pending.value)->id;
    pending.tag = memory_.next_tag++;
    link_ = pending.id;
    window_entries_ += pending.decided.entries.size();
    window_bytes_ += pending.decided.bytes;
    if (test_hooks::mutant(Mutant::answer_before_readback)) answer(pending.decided);
    if (test_hooks::mutant(Mutant::store_before_readback)) {
        std::vector<Change> changes = pending.decided.changes;
        for (Change& change : changes) aggregates_.pin(change, *change.of);
        aggregates_.settle(std::move(changes), stored_);
        aggregates_.write_back();
    }
    window_.push_back(std::move(pending));
    ++unsent_;
    probe_.window(window_entries());
}

bool Owner::send_unsent() {
    while (unsent_ > 0) {
        Pending& pending = window_[window_.size() - unsent_];
        pending.sent = ports_.clock.steady();
        switch (ports_.sink.send(pending.value, pending.tag)) {
            case Sent::full:
                return false;
            case Sent::too_large:
                memory_.survived.reset();  // the next attempt counts
                note_refused(pending);
                fence("a record is larger than the producer takes");
                return false;
            case Sent::refused:
                fence("the producer refused a record");
                return false;
            case Sent::queued:
                pending.value = {};
                --unsent_;
                test_hooks::fault_point(FaultPoint::sent);
        }
    }
    return true;
}

// next_offset moves on also where nothing but control records and ignored relays were read, so that
// it never falls below what the topic still has.
void Owner::tick() {
    const auto end = static_cast<std::uint64_t>(command_end_.value);
    if (state_ != OwnerState::owning || end <= next_command_ || !window_.empty() ||
        ports_.clock.steady() - last_entry_ < limits_.tick) {
        return;
    }
    v1::Entry entry;
    entry.mutable_tick();
    add_own(std::move(entry), end);
}

void Owner::mark_covered() {
    if (state_ != OwnerState::owning) return;
    auto marker = round_.take_marker();
    if (!marker) return;
    v1::Entry entry;
    *entry.mutable_marker() = std::move(*marker);
    add_own(std::move(entry), next_command_);
    test_hooks::fault_point(FaultPoint::marker_sent);
}

bool Owner::snapshots() {
    if (deletion_.active()) return deletion_.step();
    if (learning_) return learn_keys();
    if (rewrite_due()) {
        mark_everything();
        return true;
    }
    if (round_.state() == RoundState::resting) begin_round();
    return learning_ || round_.step();
}

// All of it is to be written anew and is not yet marked in this epoch. It stays to be written until
// an own marker vouches for all of it: one of somebody else may rest on snapshots that are gone.
bool Owner::rewrite_due() const {
    return !all_marked_ && (stored_.rewrite_all || stored_.deleted_at > stored_.covered);
}

// A page at a time; no round begins before the last one.
void Owner::mark_everything() {
    all_marked_ = !aggregates_.mark_page(marked_to_, reader_.position().sequence);
}

// Others wrote snapshots that this store has not seen: their keys are looked up before the round
// that makes them superfluous.
bool Owner::learn_keys() {
    bool worked = false;
    const SnapshotRestore::Progress progress = restore_.step(worked);
    learning_ = progress == SnapshotRestore::Progress::reading;
    if (learning_) return worked;
    foreign_snapshots_ = false;
    if (progress == SnapshotRestore::Progress::broken) {
        logger().warning("older snapshots may stay: " + restore_.reason(),
                         {{"domain", identity_.domain->name},
                          {"partition", std::int64_t{identity_.partition.value}}});
        return true;
    }
    // A reset, or a topic that was made anew: what my markers would rest on is not there.
    const bool reset = !restore_.reset_id().empty() && restore_.reset_id() != stored_.reset_id;
    if (reset || (stored_.covered > 0 && !restore_.saw_counters())) {
        if (reset) stored_.reset_id = restore_.reset_id();
        stored_.rewrite_all = true;
        aggregates_.settle({}, stored_);
        aggregates_.write_back();
    }
    test_hooks::fault_point(FaultPoint::keys_learned);
    return true;
}

void Owner::begin_round() {
    const Time now = ports_.clock.steady();
    const Sequence read = reader_.position().sequence;
    const bool many = read.value - round_sequence_.value >= limits_.snapshot_entries;
    if (!round_due_ && now < round_at_ && !many) return;
    aggregates_.write_back();
    if (foreign_snapshots_ && round_.dirty()) {
        learning_ = true;
        restore_.begin_learning();
        test_hooks::fault_point(FaultPoint::keys_looked_up);
        return;
    }
    round_due_ = false;
    round_at_ = now + limits_.snapshot_interval;
    round_sequence_ = read;
    round_writes_all_ = all_marked_;
    round_.begin(stored_);
}

}  // namespace foldstream::processing
