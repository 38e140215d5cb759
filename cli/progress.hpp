// One line on a terminal that says how far a long reading is; nothing elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/console.hpp"

namespace foldstream::cli {

// Writes to standard error when that is a terminal, at most five times a second, and wipes its line
// when it ends. The console must outlive it.
class Progress {
public:
    // `end`: the offset behind the last record, when it is known.
    Progress(const Console& console, std::string what, std::optional<std::int64_t> end = {});
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void at(std::int64_t offset);

private:
    const Console& console_;
    std::string what_;
    std::optional<std::int64_t> end_;
    std::chrono::steady_clock::time_point next_;
    bool shown_ = false;
};

// "reading orders.events partition 3: 1204 of 9000 records (13 %)". Pure.
std::string progress_line(const std::string& what, std::int64_t done,
                          std::optional<std::int64_t> end);

}  // namespace foldstream::cli
