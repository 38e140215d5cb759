// Deciding ahead of the log, in the states owning and draining.
#include <utility>

#include "common/processing/decider.hpp"
#include "common/processing/owner.hpp"

namespace foldstream::processing {

namespace {
constexpr std::size_t commands_a_step = 256;
}

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

bool Owner::decide_ahead() {
    bool worked = false;
    bool drained = true;
    if (!send_unsent()) return false;
    for (std::size_t n = 0; takes_commands() && !window_full(); ++n) {
        if (n == commands_a_step || unsent_ > 0) {
            drained = false;
            break;
        }
        const auto read = ports_.commands.next();
        if (!read) break;
        worked = true;
        if (const auto* broken = std::get_if<Broken>(&*read)) {
            if (broken->transient) continue;
            stop("the commands topic cannot be read: " + broken->reason);
            return true;
        }
        if (const auto* end = std::get_if<End>(&*read)) {
            command_end_ = end->offset;
            continue;
        }
        decide_one(std::get<fold::RawCommand>(*read));
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

void Owner::decide_one(const fold::RawCommand& raw) {
    if (raw.offset.value < static_cast<std::int64_t>(next_command_)) return;
    const CommandPlace place = place_of(raw);
    const Sequence sequence = next_sequence_;
    auto decoded = fold::decode_command(*identity_.domain, raw, identity_.partitions);
    Aggregate* aggregate = nullptr;
    v1::Entry entry;
    if (decoded) {
        aggregate = &aggregates_.aggregate(decoded->aggregate_id);
        entry =
            decide(*aggregate, *decoded, place, identity_.partition, sequence, *identity_.domain);
    } else {
        entry = refuse(decoded.error(), place);
    }
    if (builder_.must_cut_before(entry.ByteSizeLong())) cut();
    if (aggregate != nullptr && touches_aggregate(entry)) {
        Change change = advance(*aggregate, entry, sequence);
        aggregates_.pin(change.aggregate_id);
        builder_.add(std::move(change));
    }
    next_command_ = entry.next_offset();
    ++next_sequence_.value;
    builder_.add(std::move(entry), sequence);
    if (builder_.full()) {
        cut();
        send_unsent();
    }
}

void Owner::cut() {
    Pending pending;
    pending.value = builder_.cut(reader_.position().epoch, link_, pending.decided);
    pending.id = codec::parse_frame(pending.value)->id;
    pending.tag = next_tag_++;
    link_ = pending.id;
    window_entries_ += static_cast<std::size_t>(pending.decided.entries.entries_size());
    window_bytes_ += pending.decided.bytes;
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
            case Sent::refused:
                fence("the producer refused a record");
                return false;
            case Sent::queued:
                pending.value = {};
                --unsent_;
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
    entry.set_next_offset(end);
    entry.set_time_ms(ports_.clock.wall_ms());
    next_command_ = end;
    builder_.add(std::move(entry), next_sequence_);
    ++next_sequence_.value;
}

}  // namespace foldstream::processing
