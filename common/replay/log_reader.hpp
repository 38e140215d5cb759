// One partition of a log, read: validity, then the bodies of what counts. Every reader that folds
// the log (owner, projector, checker, cli) goes through here; what it cannot read stops it, loudly.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/replay/validity.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::replay {

// A record as the consumer has it; the view lives as long as the record.
struct LogRecord {
    Offset offset;
    std::int64_t append_time_ms = 0;
    std::string_view value;
};

struct Ignored {
    Verdict verdict = Verdict::foreign;
};

struct ValidClaim {
    v1::Claim claim;
    Epoch epoch;
};

struct ValidEntries {
    Sequence first;
    v1::Entries body;
};

// Why the reader cannot go on: names the partition's record and the way out.
struct Stop {
    Offset offset;
    std::string reason;     // one sentence for the log and the operator
    bool mismatch = false;  // the log does not have the position that the reader was opened at
};

// The way out of a Stop at what no owner writes, behind its sentence.
inline constexpr std::string_view put_back_the_log =
    " (foldctl events tail --raw shows the record; put back the log from a backup, then foldctl "
    "partitions reset)";

using ReadResult = std::variant<Ignored, ValidClaim, ValidEntries, Stop>;

// Feed every record in offset order. Not thread-safe. Opened at a position other than the start,
// the first record fed must be the one at position.offset (it is compared and then answered as
// Ignored {repeat}); a record with another id is a Stop. After a Stop every further feed answers
// the same Stop.
class LogReader {
public:
    explicit LogReader(const Position& position = {}, std::uint64_t next_offset = 0);

    // Where to start reading the topic.
    [[nodiscard]] Offset begin() const;

    ReadResult feed(const LogRecord& record);

    // Gives back what feed() answered: the next entries are parsed into its memory. For whoever
    // reads many and keeps none.
    void reuse(ValidEntries entries);

    // For the owner's own records, whose content it has: validity and position move, nothing is
    // parsed. `next_offset` is that of the record's last entry.
    Verdict feed_own(const LogRecord& record, std::uint64_t next_offset);

    [[nodiscard]] const Position& position() const { return validity_.position(); }
    [[nodiscard]] Offset seen_offset() const { return validity_.next(); }
    // The next_offset of the last valid entry: it never goes back, or the reader stops. A valid
    // claim with an operator's adoption sets it anew.
    [[nodiscard]] std::uint64_t next_offset() const { return next_offset_; }
    [[nodiscard]] const Validity& validity() const { return validity_; }
    [[nodiscard]] const std::optional<Stop>& stopped() const { return stop_; }
    // The nonce of the first valid claim, when this reader began at the log's start.
    [[nodiscard]] const std::string& log_id() const { return log_id_; }

private:
    [[nodiscard]] ReadResult stop(Offset offset, std::string reason);
    [[nodiscard]] ReadResult read_claim(const LogRecord& record);
    [[nodiscard]] ReadResult read_entries(const LogRecord& record, Sequence first);

    Validity validity_;
    Position opened_;
    bool verified_;  // the record at the opened position has been compared
    std::uint64_t next_offset_;
    std::string log_id_;
    std::optional<Stop> stop_;
    v1::Entries spare_;
    std::size_t parsed_into_spare_ = 0;  // bytes: it has grown to no more than about as many
};

}  // namespace foldstream::replay
