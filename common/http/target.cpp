#include "common/http/target.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "common/runtime/json_text.hpp"

namespace foldstream::http {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool legal(std::string_view raw) {
    for (const char c : raw) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte <= 0x20 || byte >= 0x7F || c == '#') return false;
    }
    return true;
}

// Cuts scheme and authority off an absolute form.
std::optional<std::string_view> origin_form(std::string_view raw) {
    if (raw.starts_with('/')) return raw;
    std::string scheme;
    for (const char c : raw.substr(0, 8)) {
        scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    const std::size_t authority = scheme.starts_with("http://")    ? 7
                                  : scheme.starts_with("https://") ? 8
                                                                   : 0;
    if (authority == 0) return std::nullopt;
    const std::size_t path = raw.find_first_of("/?", authority);
    if (path == std::string_view::npos) return "/";
    if (raw[path] == '?') return std::nullopt;
    return raw.substr(path);
}

bool parse_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& query) {
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        if (part.empty()) continue;
        const std::size_t equals = part.find('=');
        auto name = percent_decode(part.substr(0, equals), true);
        auto value = equals == std::string_view::npos
                         ? std::optional<std::string>("")
                         : percent_decode(part.substr(equals + 1), true);
        if (!name || !value) return false;
        query.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '+' && plus_is_space) {
            out += ' ';
        } else if (c == '%') {
            const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += c;
        }
    }
    if (!runtime::is_utf8(out)) return std::nullopt;
    return out;
}

std::vector<std::string_view> split_path(std::string_view path) {
    std::vector<std::string_view> segments;
    path.remove_prefix(1);
    for (;;) {
        const std::size_t slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

std::optional<Target> parse_target(std::string_view raw) {
    if (!legal(raw)) return std::nullopt;
    const auto origin = origin_form(raw);
    if (!origin) return std::nullopt;
    const std::size_t mark = origin->find('?');
    const std::string_view path = origin->substr(0, mark);
    Target target;
    for (const std::string_view segment : split_path(path)) {
        auto decoded = percent_decode(segment, false);
        if (!decoded) return std::nullopt;
        target.path += '/';
        target.path += *decoded;
        target.segments.push_back(std::move(*decoded));
    }
    if (mark != std::string_view::npos && !parse_query(origin->substr(mark + 1), target.query)) {
        return std::nullopt;
    }
    return target;
}

}  // namespace foldstream::http
