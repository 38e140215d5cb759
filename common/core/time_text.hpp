// RFC 3339 in UTC with milliseconds: the only text form of a time that leaves or enters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foldstream {

// 2026-01-21T10:30:00.000Z; milliseconds since 1970, years 0001 to 9999 (others are clamped).
std::string rfc3339(std::int64_t ms);

// Accepts "Z" and numeric offsets, 0 to 9 fractional digits (cut to milliseconds), and a date alone
// (midnight UTC). Nothing for anything else.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace foldstream
