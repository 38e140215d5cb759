#include "common/http/preferences.hpp"

#include <boost/beast/core/string.hpp>
#include <charconv>
#include <cstdint>
#include <string>

namespace foldstream::http {

namespace {

using boost::beast::iequals;

std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
    std::uint32_t seconds = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, seconds);
    if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return std::chrono::seconds(seconds);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

Preferences read_preferences(std::string_view header) {
    Preferences preferences;
    any_member(header, [&](std::string_view preference) {
        preference = trimmed(preference.substr(0, preference.find(';')));
        const std::size_t equals = preference.find('=');
        const std::string name(trimmed(preference.substr(0, equals)));
        if (equals == std::string_view::npos) {
            if (iequals(name, "respond-async")) preferences.respond_async = true;
            if (iequals(name, "dry-run")) preferences.dry_run = true;
        } else if (iequals(name, "wait") && !preferences.wait) {
            preferences.wait = seconds_of(trimmed(preference.substr(equals + 1)));
        }
        return false;
    });
    return preferences;
}

}  // namespace foldstream::http
