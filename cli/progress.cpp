#include "cli/progress.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace foldstream::cli {

namespace {

constexpr std::chrono::milliseconds pause{200};
constexpr const char* wipe = "\r\033[K";

}  // namespace

Progress::Progress(const Console& console, std::string what, std::optional<std::int64_t> end)
    : console_(console),
      what_(std::move(what)),
      end_(end),
      next_(std::chrono::steady_clock::now() + pause) {}

Progress::~Progress() {
    if (shown_) console_.err << wipe << std::flush;
}

void Progress::at(std::int64_t offset) {
    if (!console_.err_is_terminal) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + pause;
    shown_ = true;
    console_.err << wipe << progress_line(what_, offset + 1, end_) << std::flush;
}

std::string progress_line(const std::string& what, std::int64_t done,
                          std::optional<std::int64_t> end) {
    std::string line = what + ": " + std::to_string(done);
    if (!end || *end <= 0) return line + " records";
    const std::int64_t percent = std::min<std::int64_t>(100, done * 100 / *end);
    return line + " of " + std::to_string(*end) + " records (" + std::to_string(percent) + " %)";
}

}  // namespace foldstream::cli
