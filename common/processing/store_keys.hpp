// The keys of a partition in its owner's store. An aggregate id has no "/" in it.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
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

// v1::StoredSlot, in the order of their numbers.
inline std::string slot_prefix(std::string_view id) {
    return std::string("s/").append(id).append("/");
}
inline std::string slot_key(std::string_view id, std::uint64_t number) {
    std::array<char, 17> hex{};
    std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(number));
    return slot_prefix(id).append(hex.data(), 16);
}

// A dirty mark: the last entry that touched the aggregate. It counts while that is above what the
// last valid marker covers.
inline std::string mark_key(std::string_view id) { return std::string(marks_prefix).append(id); }
std::string mark_value(Sequence touched);
Sequence parse_mark(std::string_view value);

// v1::SnapshotCuts.
inline std::string cuts_key(std::string_view id) { return std::string("k/").append(id); }

}  // namespace foldstream::processing
