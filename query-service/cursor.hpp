// Where a list goes on: the last row's sort value and key, in a form that clients hand back as it
// is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foldstream::query {

inline constexpr std::size_t max_cursor_bytes = 8 * 1024;

struct Cursor {
    std::optional<std::string> value;  // Postgres' text of the sort column; none = NULL
    std::string key;

    bool operator==(const Cursor&) const = default;
};

// `context`: the list, its filters and its order. A cursor of another context is no cursor here.
std::string encode_cursor(const Cursor& cursor, std::string_view context);
// Nothing when it was not made by encode_cursor with this context (a checksum tells: it guards
// against mistakes; a forged one reaches no more than the list's own rows).
std::optional<Cursor> decode_cursor(std::string_view text, std::string_view context);

}  // namespace foldstream::query
