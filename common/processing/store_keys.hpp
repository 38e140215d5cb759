// The keys of a partition in its owner's store. An aggregate id has no "/" in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/ids.hpp"

namespace foldstream::processing {

inline constexpr std::string_view aggregates_prefix = "a/";
inline constexpr std::string_view marks_prefix = "d/";

// v1::StoredAggregate.
inline std::string aggregate_key(std::string_view id) {
    return std::string(aggregates_prefix).append(id);
}

// v1::StoredSlots: those whose numbers divided by this are the same lie together.
inline constexpr std::uint64_t slots_a_key = 8;
inline std::string slot_prefix(std::string_view id) {
    return std::string("s/").append(id).append("/");
}
// Where the slot of that number lies; in the order of their numbers.
inline std::string slot_key(std::string_view id, std::uint64_t number) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string key = slot_prefix(id);
    number /= slots_a_key;
    for (int shift = 60; shift >= 0; shift -= 4) key += digits[number >> shift & 0xf];
    return key;
}

// A dirty mark: the last entry that touched the aggregate. It counts while that is above what the
// last valid marker covers.
inline std::string mark_key(std::string_view id) { return std::string(marks_prefix).append(id); }
std::string mark_value(Sequence touched);
Sequence parse_mark(std::string_view value);

// v1::SnapshotCuts.
inline std::string cuts_key(std::string_view id) { return std::string("k/").append(id); }

}  // namespace foldstream::processing
