#include "common/runtime/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <memory>
#include <mutex>

#include "common/core/clock.hpp"
#include "common/runtime/log_format.hpp"

namespace foldstream::runtime {

namespace {

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            break;
    }
    return spdlog::level::err;
}

// The one place that lines go to. spdlog's sink serialises the writers; the lines are ours.
class Sink {
public:
    Sink() : logger_("", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        logger_.set_pattern("%v", spdlog::pattern_time_type::utc);
        logger_.set_level(spdlog::level::info);
        logger_.flush_on(spdlog::level::debug);
    }

    // Before threads start.
    void configure(Level least, std::string_view process) {
        terminal_ = isatty(STDERR_FILENO) == 1;
        process_ = process;
        logger_.set_level(spdlog_level(least));
    }

    void write(Level level, std::string_view name, std::string_view msg,
               std::initializer_list<Field> fields) {
        if (!logger_.should_log(spdlog_level(level))) return;
        const LogLine line{clock_.wall_ms(), level, process_, name, msg, fields};
        const std::string text = terminal_ ? terminal_line(line) : json_line(line);
        logger_.log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
    }

private:
    spdlog::logger logger_;
    SystemClock clock_;
    std::string process_;
    bool terminal_ = isatty(STDERR_FILENO) == 1;
};

// Never destroyed: threads may log while the process ends.
Sink& sink() {
    static Sink* const only = new Sink();
    return *only;
}

}  // namespace

void start_logging(Level least, std::string_view process) { sink().configure(least, process); }

void Logger::debug(std::string_view msg, std::initializer_list<Field> fields) const {
    sink().write(Level::debug, name_, msg, fields);
}
void Logger::info(std::string_view msg, std::initializer_list<Field> fields) const {
    sink().write(Level::info, name_, msg, fields);
}
void Logger::warning(std::string_view msg, std::initializer_list<Field> fields) const {
    sink().write(Level::warning, name_, msg, fields);
}
void Logger::error(std::string_view msg, std::initializer_list<Field> fields) const {
    sink().write(Level::error, name_, msg, fields);
}

std::function<void(int, std::string_view, std::string_view)> client_lines(std::string logger) {
    constexpr int warning_level = 4;
    return [lines = Logger(std::move(logger))](int level, std::string_view facility,
                                               std::string_view text) {
        const std::string line = std::string(facility) + ": " + std::string(text);
        level <= warning_level ? lines.warning(line) : lines.debug(line);
    };
}

}  // namespace foldstream::runtime
