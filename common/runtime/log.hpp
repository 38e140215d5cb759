// Logs: one JSON object a line on stderr (ts, level, logger, msg, fields); a form for people on a
// terminal. Any thread. Secrets are never passed here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace foldstream::runtime {

enum class Level { debug, info, warning, error };

// A named value beside the message: text, integer or truth.
struct Field {
    std::string_view name;
    std::variant<std::string, std::int64_t, std::uint64_t, double, bool> value;
};

// Once, at start. `json` unset: JSON unless stderr is a terminal.
void start_logging(Level least, std::string_view process);

// A logger is a name: "owner", "projector".
class Logger {
public:
    explicit Logger(std::string name) : name_(std::move(name)) {}
    void debug(std::string_view msg, std::initializer_list<Field> fields = {}) const;
    void info(std::string_view msg, std::initializer_list<Field> fields = {}) const;
    void warning(std::string_view msg, std::initializer_list<Field> fields = {}) const;
    void error(std::string_view msg, std::initializer_list<Field> fields = {}) const;

private:
    std::string name_;
};

}  // namespace foldstream::runtime
