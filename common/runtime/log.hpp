// Logs: one JSON object a line on stderr (ts, level, logger, msg, process, fields); a form for
// people on a terminal. Any thread. Secrets are never passed here.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace foldstream::runtime {

enum class Level { debug, info, warning, error };

// "debug", "info", "warning", "error".
std::optional<Level> find_level(std::string_view name);

// A named value beside the message: text, integer or truth. Text beyond 4 KiB is cut in the log.
struct Field {
    std::string_view name;
    std::variant<std::string, std::int64_t, std::uint64_t, double, bool> value;

    Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
    Field(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
    Field(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
    Field(std::string_view n, bool v) : name(n), value(v) {}
    Field(std::string_view n, double v) : name(n), value(v) {}
    template <std::signed_integral T>
    Field(std::string_view n, T v) : name(n), value(static_cast<std::int64_t>(v)) {}
    template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>) Field(std::string_view n, T v)
        : name(n), value(static_cast<std::uint64_t>(v)) {}
};

// Once, at start. JSON unless stderr is a terminal. Before it, info and above are logged without a
// process name.
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

// For a client library that logs by syslog's levels (0 emergency to 7 debug): its lines under a
// logger's name, warnings and worse as warnings, the rest as debug.
std::function<void(int level, std::string_view facility, std::string_view text)> client_lines(
    std::string logger);

}  // namespace foldstream::runtime
