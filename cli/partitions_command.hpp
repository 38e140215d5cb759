#pragma once

#include <CLI/CLI.hpp>

#include "cli/console.hpp"

namespace foldstream::cli {

// Adds `foldctl partitions`; what it shall do goes to `action`. The references must outlive both.
void add_partitions(CLI::App& app, const Connections& connections, const Console& console,
                    Action& action);

}  // namespace foldstream::cli
