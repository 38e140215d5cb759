#include "common/runtime/log_format.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "common/core/time_text.hpp"
#include "common/runtime/json_text.hpp"

namespace foldstream::runtime {

namespace {

std::string_view name_of(Level level) {
    constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
    return names[static_cast<std::size_t>(level)];
}

void append_text(std::string_view text, std::string& out) {
    if (text.size() <= max_log_text) {
        append_json_text(text, out);
        return;
    }
    append_json_text(std::string(text.substr(0, max_log_text)) + " (cut)", out);
}

template <typename T>
void append_number(T value, std::string& out) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

struct AppendJson {
    std::string& out;
    void operator()(const std::string& text) const { append_text(text, out); }
    void operator()(std::int64_t value) const { append_number(value, out); }
    void operator()(std::uint64_t value) const { append_number(value, out); }
    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(double value) const {
        if (std::isfinite(value)) {
            append_number(value, out);
        } else {
            out += "null";  // JSON has no other word for it
        }
    }
};

}  // namespace

std::optional<Level> find_level(std::string_view name) {
    for (const Level level : {Level::debug, Level::info, Level::warning, Level::error}) {
        if (name_of(level) == name) return level;
    }
    return std::nullopt;
}

std::string json_line(const LogLine& line) {
    std::string out = R"({"ts":")" + rfc3339(line.time_ms) + R"(","level":")";
    out += name_of(line.level);
    out += R"(","logger":)";
    append_json_text(line.logger, out);
    out += R"(,"msg":)";
    append_text(line.msg, out);
    if (!line.process.empty()) {
        out += R"(,"process":)";
        append_json_text(line.process, out);
    }
    for (const Field& field : line.fields) {
        out += ',';
        append_json_text(field.name, out);
        out += ':';
        std::visit(AppendJson{out}, field.value);
    }
    out += '}';
    return out;
}

std::string terminal_line(const LogLine& line) {
    constexpr std::array<std::string_view, 4> marks{"DEBUG ", "INFO  ", "WARN  ", "ERROR "};
    constexpr std::size_t time_of_day = 11;  // behind the date and its T
    constexpr std::size_t time_width = 12;
    std::string out = rfc3339(line.time_ms).substr(time_of_day, time_width) + ' ';
    out += marks[static_cast<std::size_t>(line.level)];
    out += line.logger;
    out += "  ";
    // Quoted and unquoted again: what is in a message must not turn the terminal's colours.
    std::string msg;
    append_text(line.msg, msg);
    out += std::string_view(msg).substr(1, msg.size() - 2);
    for (const Field& field : line.fields) {
        out += "  ";
        out += field.name;
        out += '=';
        std::visit(AppendJson{out}, field.value);
    }
    return out;
}

}  // namespace foldstream::runtime
