#include "query-service/terms.hpp"

#include <algorithm>
#include <charconv>

namespace foldstream::query {

namespace {

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

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

std::optional<std::chrono::seconds> wait_of(std::string_view preference) {
    preference = trimmed(preference.substr(0, preference.find(';')));
    const std::size_t equals = preference.find('=');
    if (equals == std::string_view::npos || trimmed(preference.substr(0, equals)) != "wait") {
        return std::nullopt;
    }
    const std::string_view text = trimmed(preference.substr(equals + 1));
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return std::min<std::chrono::seconds>(std::chrono::seconds(seconds), max_wait);
}

}  // namespace

Result<Terms, std::string> read_terms(const http::Request& request) {
    Terms terms;
    if (const auto after = request.header("foldstream-after")) {
        auto places = parse_places(*after);
        if (!places) {
            return Failure<std::string>{
                "Foldstream-After is not domain:partition:sequence, or more than " +
                std::to_string(max_places) + " of them"};
        }
        terms.after = std::move(*places);
    }
    if (const auto prefer = request.header("prefer")) {
        any_member(*prefer, [&](std::string_view preference) {
            const auto wait = wait_of(preference);
            if (wait) terms.wait = *wait;
            return wait.has_value();
        });
    }
    terms.if_none_match = std::string(request.header("if-none-match").value_or(""));
    return terms;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
    const auto strong = [](std::string_view text) {
        if (text.starts_with("W/")) text.remove_prefix(2);
        return text;
    };
    return any_member(if_none_match, [&](std::string_view one) {
        return one == "*" || (!one.empty() && strong(one) == strong(tag));
    });
}

}  // namespace foldstream::query
