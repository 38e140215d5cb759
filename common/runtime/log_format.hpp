// The two forms of a log line; apart from the sink so that they can be tested.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/runtime/log.hpp"

namespace foldstream::runtime {

inline constexpr std::size_t max_log_text = 4096;  // bytes of one message or text field

struct LogLine {
    std::int64_t time_ms = 0;  // since 1970
    Level level = Level::info;
    std::string_view process;
    std::string_view logger;
    std::string_view msg;
    std::span<const Field> fields;
};

// Both without the newline at the end.
std::string json_line(const LogLine& line);
// 10:30:00.123 WARN  owner  message  partition=3
std::string terminal_line(const LogLine& line);

}  // namespace foldstream::runtime
