// The answer to a command's sender, made when the command is decided and sent when its entry has
// been read back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/core/ids.hpp"
#include "common/fold/command_record.hpp"
#include "foldstream/v1/log.pb.h"
#include "foldstream/v1/outcome.pb.h"
#include "foldstream/v1/store.pb.h"

namespace foldstream::processing {

// What an entry does not say. Of a refusal without looking at state: the violations.
v1::CommandOutcome outcome_of(const fold::CommandRefusal& refusal);
// Of a dry run: the types of the events that would have been, on an aggregate of that version.
v1::CommandOutcome outcome_of(const std::vector<std::string>& would_be, std::uint64_t version);
// Of a duplicate: the first answer.
v1::CommandOutcome first_outcome(const v1::StoredSlot& slot);

// Adds what the entry says.
void complete(v1::CommandOutcome& outcome, const v1::Entry& entry, const fold::DomainModule& domain,
              Partition partition, Sequence sequence);

}  // namespace foldstream::processing
