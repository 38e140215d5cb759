// Strong types for places and names: integers that cannot be mistaken for one another.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace foldstream {

template <typename Tag, typename Rep>
struct Strong {
    Rep value{};

    constexpr Strong() = default;
    constexpr explicit Strong(Rep v) : value(v) {}
    constexpr auto operator<=>(const Strong&) const = default;
};

// A partition of a domain's topics, from 0.
using Partition = Strong<struct PartitionTag, std::int32_t>;
// An offset of a Kafka record within its partition, from 0.
using Offset = Strong<struct OffsetTag, std::int64_t>;
// The number of an ownership of a log partition, from 1; 0 = no valid claim yet.
using Epoch = Strong<struct EpochTag, std::uint64_t>;
// The number of an entry within its log partition, from 1, dense; 0 = no entry yet.
using Sequence = Strong<struct SequenceTag, std::uint64_t>;
// The id (XXH3-64) of a log record; 0 = before the first valid one.
using RecordId = Strong<struct RecordIdTag, std::uint64_t>;
// The number of events of an aggregate; 0 = it has none.
using Version = Strong<struct VersionTag, std::uint64_t>;
// The number of a projection's generation, from 1.
using Generation = Strong<struct GenerationTag, std::int32_t>;

}  // namespace foldstream

template <typename Tag, typename Rep>
struct std::hash<foldstream::Strong<Tag, Rep>> {
    std::size_t operator()(const foldstream::Strong<Tag, Rep>& id) const noexcept {
        return std::hash<Rep>{}(id.value);
    }
};
