// A request's target, taken apart. Strict: what is not a legal URL is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldstream::http {

struct Target {
    std::string path;                   // percent-decoded
    std::vector<std::string> segments;  // decoded after the split, so that %2F stays within one
    std::vector<std::pair<std::string, std::string>> query;  // decoded, '+' is a space
};

// Origin form ("/a/b?c=d") or absolute form. Nothing when it is neither, has a bad escape, or
// decodes to U+0000 or to what is not UTF-8.
std::optional<Target> parse_target(std::string_view raw);

// The decoded text; nothing when an escape is bad or the outcome is not UTF-8 or has U+0000.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

// "/a/b" -> "a", "b"; the text begins with '/'.
std::vector<std::string_view> split_path(std::string_view path);

}  // namespace foldstream::http
