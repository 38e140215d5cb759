// Which records of a log count: one pure fold over frames in offset order, used by every reader.
// So all readers agree on one dense sequence of entries, whoever wrote what and when.
// Definition: docs/model/ and tests/compat/frames.json; the reasons: docs/decisions/.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/codec/frame.hpp"
#include "common/core/ids.hpp"

namespace foldstream::replay {

// A place in a log: the last valid record. Never a bare offset: whoever opens one reads that record
// again and compares its id, so that a recreated, cut or restored log is noticed.
struct Position {
    Offset offset{-1};  // of the last valid record; -1 = none yet
    Epoch epoch;
    Sequence sequence;  // of the last valid entry
    RecordId link;      // the id of the last valid record

    bool operator==(const Position&) const = default;
};

enum class Verdict : std::uint8_t {
    claim,    // valid: opens an epoch
    entries,  // valid
    // Ignored by everybody, counted by reason:
    foreign,     // too short or another magic
    stale,       // of an epoch that is over
    repeat,      // sequence not above the last
    hole,        // sequence too far ahead
    fork,        // another predecessor
    bad_count,   // not 1 to 256 entries
    damaged,     // the id does not match: an alarm
    impossible,  // an epoch from the future: an alarm
    // The reader cannot go on:
    missing_offset,   // the log's offsets are dense
    unknown_version,  // of the frame
    unknown_kind,
};

inline constexpr std::size_t verdict_count = 13;

constexpr bool counts(Verdict v) { return v == Verdict::claim || v == Verdict::entries; }
constexpr bool stops(Verdict v) { return v >= Verdict::missing_offset; }
constexpr bool ignored(Verdict v) { return !counts(v) && !stops(v); }
constexpr bool alarms(Verdict v) { return v == Verdict::damaged || v == Verdict::impossible; }

// snake_case, as in metrics: "bad_count".
std::string_view name(Verdict v);

// Feed every record of one partition in offset order. After a verdict that stops, nothing has
// changed: the same record can be fed again. Not thread-safe.
class Validity {
public:
    Validity() = default;
    // Goes on behind a position; the next record due is the one at position.offset + 1.
    explicit Validity(const Position& position)
        : position_(position), next_(position.offset.value + 1) {}

    Verdict feed(Offset offset, std::string_view value);

    [[nodiscard]] const Position& position() const { return position_; }
    // The offset due next: everything below it has been read.
    [[nodiscard]] Offset next() const { return next_; }
    [[nodiscard]] std::uint64_t seen(Verdict v) const { return seen_[static_cast<std::size_t>(v)]; }

private:
    [[nodiscard]] Verdict judge(std::string_view value, const codec::Frame& frame) const;

    Position position_;
    Offset next_{0};
    std::array<std::uint64_t, verdict_count> seen_{};
};

}  // namespace foldstream::replay
