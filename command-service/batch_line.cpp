#include "command-service/batch_line.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/codec/check.hpp"
#include "foldstream/v1/batch.pb.h"

namespace foldstream::command_service {

namespace {

constexpr std::string_view blanks = " \t\r\n";

// Walks over the members of one JSON object without looking into their values. Where the text is
// not JSON it finds something or nothing: its reader tells.
class Members {
public:
    explicit Members(std::string_view text) : text_(text) {}

    // The value of the first member of this name, in the text.
    std::optional<std::string_view> find(std::string_view name) {
        if (!take('{')) return std::nullopt;
        do {
            skip_blanks();
            const auto key = string();
            if (!key || !take(':')) return std::nullopt;
            skip_blanks();
            const std::size_t begin = at_;
            if (!skip_value()) return std::nullopt;
            if (*key == name) return text_.substr(begin, at_ - begin);
        } while (take(','));
        return std::nullopt;
    }

private:
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size()); }
    bool take(char c) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    // Between its quotes, escapes as they stand.
    std::optional<std::string_view> string() {
        if (!take('"')) return std::nullopt;
        const std::size_t begin = at_;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') return text_.substr(begin, at_++ - begin);
            if (text_[at_] == '\\') ++at_;
        }
        return std::nullopt;
    }
    // To the comma or the brace behind it, blanks before those included.
    bool skip_value() {
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                if (!string()) return false;
                continue;
            }
            if (depth == 0 && (c == ',' || c == '}')) return true;
            if (c == '{' || c == '[') ++depth;
            if (c == '}' || c == ']') --depth;
            ++at_;
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Result<BatchCommand, std::vector<codec::Violation>> read_batch_line(std::string_view line) {
    BatchCommand read;
    std::string rest(line);
    if (const auto body = Members(line).find("body"); body && !body->empty()) {
        read.body = *body;
        rest.replace(static_cast<std::size_t>(body->data() - line.data()), body->size(), "null");
    }
    v1::BatchLine parsed;
    std::vector<codec::Violation> violations = codec::parse_json(rest, parsed);
    if (violations.empty()) violations = codec::check(parsed);
    if (!violations.empty()) return Failure{std::move(violations)};
    read.domain = parsed.domain();
    read.command = parsed.command();
    if (!parsed.command_id().empty()) read.command_id = parsed.command_id();
    if (parsed.has_expected_version()) read.expected_version = parsed.expected_version();
    return read;
}

std::vector<std::string_view> lines_of(std::string_view ndjson) {
    std::vector<std::string_view> lines;
    while (!ndjson.empty()) {
        const std::string_view line = ndjson.substr(0, ndjson.find('\n'));
        ndjson.remove_prefix(std::min(ndjson.size(), line.size() + 1));
        if (line.find_first_not_of(blanks) != std::string_view::npos) lines.push_back(line);
    }
    return lines;
}

}  // namespace foldstream::command_service
