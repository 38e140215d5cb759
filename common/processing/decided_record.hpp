// What an owner keeps of a record that it has decided, until it is read back. The entries
// themselves are in the record's bytes, which the log has by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/ids.hpp"
#include "common/processing/aggregate.hpp"
#include "common/processing/command_place.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::processing {

struct DecidedEntry {
    std::uint64_t next_offset = 0;
    std::optional<CommandPlace> command;  // that it decides
    v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
    std::string_view command_type;  // full name; empty: it could not be decoded
    // All of it, where it decided nothing of an aggregate: refused unread, for the platform, or the
    // owner's own.
    std::unique_ptr<v1::Entry> whole;
};

// An answer that a sender asked for.
struct PendingReply {
    v1::ReplyAddress address;
    std::string outcome;  // a serialized v1::CommandOutcome
};

struct DecidedRecord {
    std::vector<DecidedEntry> entries;  // never empty
    std::vector<PendingReply> replies;
    std::vector<Change> changes;
    Sequence first;
    std::size_t bytes = 0;  // of the record's value

    [[nodiscard]] std::uint64_t next_offset() const { return entries.back().next_offset; }
};

}  // namespace foldstream::processing
