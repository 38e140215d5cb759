#include "common/processing/slots.hpp"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "common/processing/store_keys.hpp"

namespace foldstream::processing {

std::uint64_t slot_hash(std::string_view command_id) {
    return XXH3_64bits(command_id.data(), command_id.size());
}

Slot slot_of(const v1::Entry& entry, Sequence sequence) {
    thread_local v1::StoredSlot slot;  // kept, and with it the memory of its strings
    slot.Clear();
    slot.set_command_id(entry.command_id());
    slot.set_body_hash(entry.body_hash());
    slot.set_sequence(sequence.value);
    slot.set_outcome(entry.outcome());
    slot.set_code(entry.code());
    slot.set_version(entry.version());
    slot.set_time_ms(entry.time_ms());
    for (const v1::Event& event : entry.events()) slot.add_event_types(event.type());
    if (entry.has_expected_version()) slot.set_expected_version(entry.expected_version());
    return {slot_hash(entry.command_id()), entry.time_ms(), slot.SerializeAsString()};
}

std::optional<Slot> slot_of(std::string bytes) {
    v1::StoredSlot slot;
    if (!slot.ParseFromString(bytes)) return std::nullopt;
    return Slot{slot_hash(slot.command_id()), slot.time_ms(), std::move(bytes)};
}

std::optional<std::vector<std::string>> read_slots(const store::PartitionStore& store,
                                                   std::string_view aggregate, std::uint64_t first,
                                                   std::uint64_t next) {
    std::vector<std::string> found;
    if (first > next) return std::nullopt;
    if (first == next) return found;
    // As many keys are looked up as are there: anybody may have said what `next` is.
    for (std::uint64_t number = first - first % slots_a_key; number < next;) {
        v1::StoredSlots together;
        const auto value = store.get(slot_key(aggregate, number));
        if (!value || !together.ParseFromString(*value)) return std::nullopt;
        const std::uint64_t behind = number + slots_a_key;
        for (std::string& slot : *together.mutable_slots()) {
            const bool kept = number >= first && number < next;
            if (kept && slot.empty()) return std::nullopt;
            if (kept) found.push_back(std::move(slot));
            ++number;
        }
        if (number != std::min(behind, next)) return std::nullopt;
    }
    return found;
}

void put_slots(std::string_view aggregate, std::uint64_t first, std::vector<std::string> slots,
               std::string before, store::WriteBatch& batch) {
    if (slots.empty()) return;
    std::uint64_t number = first;
    v1::StoredSlots together;
    // Those before the first one that are gone have their places; what is there from the first one
    // on is written over.
    const auto places = static_cast<int>(first % slots_a_key);
    if (!together.ParseFromString(before)) together.Clear();
    while (together.slots_size() < places) together.add_slots();
    together.mutable_slots()->DeleteSubrange(places, together.slots_size() - places);
    before.clear();
    for (std::size_t i = 0; i < slots.size(); ++i) {
        together.add_slots(std::move(slots[i]));
        ++number;
        if (i + 1 < slots.size() && number % slots_a_key != 0) continue;
        together.AppendToString(&before);
        batch.puts.emplace_back(slot_key(aggregate, number - 1), std::move(before));
        before.clear();
        together.Clear();
    }
}

}  // namespace foldstream::processing
