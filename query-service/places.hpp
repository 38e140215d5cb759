// Places in logs as clients carry them: "orders:3:1042" = domain, partition, sequence.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/ids.hpp"

namespace foldstream::query {

inline constexpr std::size_t max_places = 256;  // in one header

struct Place {
    std::string domain;
    Partition partition;
    Sequence sequence;

    bool operator==(const Place&) const = default;
};

// A place that an answer covers, and how far its log has been read for it.
struct Covered {
    Place place;
    Offset seen;  // everything below it has been read, ignored records included
};

std::optional<Place> parse_place(std::string_view text);
// One or several, separated by commas; nothing when any of them is malformed.
std::optional<std::vector<Place>> parse_places(std::string_view text);
std::string to_text(const Place& place);

}  // namespace foldstream::query
