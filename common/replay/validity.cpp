#include "common/replay/validity.hpp"

#include "common/core/test_hooks.hpp"

namespace foldstream::replay {

using test_hooks::Mutant;
using test_hooks::mutant;

std::string_view name(Verdict v) {
    static constexpr std::array<std::string_view, verdict_count> names = {
        "claim",       "entries",   "foreign", "stale",      "repeat",         "hole",
        "fork",        "bad_count", "damaged", "impossible", "missing_offset", "unknown_version",
        "unknown_kind"};
    return names[static_cast<std::size_t>(v)];
}

Verdict Validity::judge(std::string_view value, const codec::Frame& frame) const {
    if (frame.version != codec::frame_version) return Verdict::unknown_version;
    const auto kind = static_cast<codec::FrameKind>(frame.kind);
    if (kind != codec::FrameKind::claim && kind != codec::FrameKind::entries)
        return Verdict::unknown_kind;
    if (frame.id != codec::identify(value)) return Verdict::damaged;
    if (kind == codec::FrameKind::claim) {
        if (mutant(Mutant::claim_at_or_above) && frame.epoch >= position_.epoch) {
            return Verdict::claim;
        }
        if (frame.epoch.value == position_.epoch.value + 1) return Verdict::claim;
        return frame.epoch > position_.epoch ? Verdict::impossible : Verdict::stale;
    }
    if (frame.epoch != position_.epoch && !mutant(Mutant::validity_without_epoch)) {
        return frame.epoch > position_.epoch ? Verdict::impossible : Verdict::stale;
    }
    if (frame.count < 1 || frame.count > codec::max_entries) return Verdict::bad_count;
    if (frame.sequence.value != position_.sequence.value + 1 &&
        !mutant(Mutant::validity_without_sequence)) {
        return frame.sequence > position_.sequence ? Verdict::hole : Verdict::repeat;
    }
    if (frame.prev != position_.link && !mutant(Mutant::validity_without_link)) {
        return Verdict::fork;
    }
    return Verdict::entries;
}

Verdict Validity::feed(Offset offset, std::string_view value) {
    Verdict verdict = Verdict::foreign;
    if (offset != next_) {
        verdict = Verdict::missing_offset;
    } else if (const auto frame = codec::parse_frame(value)) {
        verdict = judge(value, *frame);
        if (counts(verdict)) {
            position_.offset = offset;
            position_.epoch = frame->epoch;
            position_.link = frame->id;
            if (verdict == Verdict::entries) position_.sequence.value += frame->count;
        } else if (ignored(verdict) && mutant(Mutant::position_past_ignored)) {
            position_.offset = offset;
            position_.link = frame->id;
        }
    }
    ++seen_[static_cast<std::size_t>(verdict)];
    if (!stops(verdict)) ++next_.value;
    return verdict;
}

}  // namespace foldstream::replay
