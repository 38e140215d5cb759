// foldctl: reads the command line, runs the one command that it names, turns failures into plain
// sentences and exit codes.
#pragma once

#include "cli/console.hpp"

namespace foldstream::cli {

// 0 fine, 1 failed, 2 wrong usage, 3 a dependency cannot be reached. --help and wrong usage of
// flags go to the process's own streams (CLI11 writes them).
int run(int argc, const char* const* argv, const Console& console);

}  // namespace foldstream::cli
