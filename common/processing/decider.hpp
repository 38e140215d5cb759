// One command, one entry: deduplicate, expect, decide, evolve. Pure but for the aggregate that it
// moves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/ids.hpp"
#include "common/fold/command_record.hpp"
#include "common/fold/domain.hpp"
#include "common/processing/aggregate.hpp"
#include "common/processing/command_place.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::processing {

// An entry, and a stored aggregate, larger than this is refused "too-large": below every topic's
// limit.
inline constexpr std::size_t max_entry_bytes = 960'000;

// The code of a command that ended its process too often.
inline constexpr std::string_view crashed_code = "crashed";

// The entry of a command that was refused without looking at state.
v1::Entry refuse(const fold::CommandRefusal& refusal, const CommandPlace& place);

// The entry of a command that ended its process too often: not even decoded, its bytes and its key
// kept (unless those are what the broker does not take).
v1::Entry crashed(const fold::RawCommand& raw, const CommandPlace& place, bool keep);

// The entry of a command to the platform itself; it takes effect when it is read back.
v1::Entry take_platform_command(const fold::DecodedCommand& command, const CommandPlace& place);

// Makes `entry` (empty) that of a decoded command, to stand at `sequence`; the aggregate's state,
// version and time are moved to what they are after it (its slots are moved by advance()). Never
// throws for what a domain does: a decide or evolve that throws is a refusal "internal". `would_be`
// (optional) gets the types of the events that a dry run does not write.
void decide(v1::Entry& entry, Aggregate& aggregate, const fold::DecodedCommand& command,
            const CommandPlace& place, Partition partition, Sequence sequence,
            const fold::DomainModule& domain, std::vector<std::string>* would_be = nullptr);

}  // namespace foldstream::processing
