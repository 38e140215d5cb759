// What became of a command, as the interfaces say it: the accepted body or a problem (RFC 9457).
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/codec/json.hpp"
#include "common/core/ids.hpp"
#include "common/fold/domain.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::cli {

struct Answer {
    std::string json;  // one object, no line end
    bool accepted = false;
};

// An entry and where it stands.
struct PlacedEntry {
    Partition partition;
    Sequence sequence;
    v1::Entry entry;
};

// The answer that a final entry gives. `duplicate`: the entry is the first one's of a command that
// was sent again.
Answer answer_of(const fold::DomainModule& domain, const PlacedEntry& placed, bool duplicate);

// Problems that foldctl gives itself, without an entry.
Answer invalid_answer(const std::vector<codec::Violation>& violations);
Answer unknown_answer(std::string_view command_id, std::string_view detail);

// --wait 0: delivered, and nobody looked what became of it.
Answer pending_answer(std::string_view command_id, std::string_view topic, Partition partition,
                      Offset offset);

}  // namespace foldstream::cli
