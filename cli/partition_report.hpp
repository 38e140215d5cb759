// What `foldctl partitions …` shows before it asks, and says when it is done. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/core/ids.hpp"
#include "common/replay/validity.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::cli {

// The last command that gave an entry, as its entry names it.
struct LastCommand {
    Sequence sequence;
    v1::CommandInput input;
};

// What the log says of where commands go on, and what the topic has.
struct AdoptionView {
    // The topic's record at the last command's offset.
    enum class Record : std::uint8_t {
        unknown,  // the log was read from behind the last command, or has none
        same,
        another,
        deleted,  // below the first offset that there is
        beyond,   // the topic ends before it
    };
    std::string domain;
    Partition partition;
    Epoch epoch;
    Sequence sequence;
    std::uint64_t next_offset = 0;
    std::optional<LastCommand> last;
    Record record = Record::unknown;
    Offset begin;  // of the commands topic: the first record that it has
    Offset end;    // behind the last one

    // An owner would go on without a word.
    [[nodiscard]] bool fits() const;
};

// "begin", "end" or a number between them; nothing when it is none of these.
std::optional<Offset> adopted_offset(const std::string& text, const AdoptionView& view);

std::string adoption_view_text(const AdoptionView& view);
std::string adoption_question(const AdoptionView& view, Offset next);

struct Adopted {
    Offset claim;  // of its record in the log
    Epoch epoch;
    Offset next;
    std::string who;
};
std::string adopted_text(const AdoptionView& view, const Adopted& adopted);
std::string adopted_json(const AdoptionView& view, const Adopted& adopted);

// A partition's log and snapshots before a reset.
struct ResetView {
    std::string domain;
    Partition partition;
    replay::Position log;        // its last valid record
    Offset log_end;              // behind its last record
    replay::Position relies_on;  // of the snapshots; offset -1: they rely on nothing
    bool has_it = true;          // the log has that record
    std::size_t keys = 0;        // that will be deleted
};

std::string reset_view_text(const ResetView& view);
std::string reset_question(const ResetView& view);

struct Reset {
    std::string id;
    Offset record;  // in D.snapshots
    std::size_t deleted = 0;
    std::string who;
};
std::string reset_text(const ResetView& view, const Reset& reset);
std::string reset_json(const ResetView& view, const Reset& reset);

}  // namespace foldstream::cli
