// What the program says to the script that runs it: one JSON object a line on stdout, `done` while
// it works, everything else once at the end.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::bench {

// Whole numbers, by name, in order.
using Figures = std::vector<std::pair<std::string, std::int64_t>>;

void say_done(std::int64_t count);
void say(const Figures& figures);
void say_text(const std::vector<std::pair<std::string, std::string>>& texts);

}  // namespace foldstream::bench
