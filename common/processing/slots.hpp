// Slots: what an aggregate remembers of its commands, so that one that comes again gets its first
// answer. Numbered from 0 in the order of their entries; the same in every fold of the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/ids.hpp"
#include "common/store/store.hpp"
#include "foldstream/v1/log.pb.h"
#include "foldstream/v1/store.pb.h"

namespace foldstream::processing {

// In memory: as it is stored, and what it is looked for by.
struct Slot {
    std::uint64_t id_hash = 0;  // XXH3-64 of the command id
    std::int64_t time_ms = 0;
    std::string bytes;  // a v1::StoredSlot
};

std::uint64_t slot_hash(std::string_view command_id);
Slot slot_of(const v1::Entry& entry, Sequence sequence);
// Nothing when the bytes are not a slot.
std::optional<Slot> slot_of(std::string bytes);

// The slots [first, next) of an aggregate, as they are stored. Nothing when they are not all there.
std::optional<std::vector<std::string>> read_slots(const store::PartitionStore& store,
                                                   std::string_view aggregate, std::uint64_t first,
                                                   std::uint64_t next);

// Puts slots that are numbered from `first`; of the key of the first one, `before` is what the
// store has already.
void put_slots(std::string_view aggregate, std::uint64_t first, std::vector<std::string> slots,
               std::string before, store::WriteBatch& batch);

}  // namespace foldstream::processing
