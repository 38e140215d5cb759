// Comma-separated header values, and the preferences that we know (RFC 7240).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace foldstream::http {

// Without the blanks and tabs around it.
std::string_view trimmed(std::string_view text);

// Calls `visit` with each member of a comma-separated list until it answers true.
template <typename Visit>
bool any_member(std::string_view list, Visit visit) {
    for (;;) {
        const std::size_t comma = list.find(',');
        if (visit(trimmed(list.substr(0, comma)))) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
}

struct Preferences {
    bool respond_async = false;
    bool dry_run = false;
    std::optional<std::chrono::seconds> wait;
};

// The value of Prefer. What is not understood is ignored; of two of a name the first one counts.
Preferences read_preferences(std::string_view header);

}  // namespace foldstream::http
