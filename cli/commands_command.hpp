#pragma once

#include <CLI/CLI.hpp>

#include "cli/console.hpp"

namespace foldstream::cli {

// Adds `foldctl commands`; what it shall do goes to `action`. The references must outlive both.
void add_commands(CLI::App& app, const Connections& connections, const Console& console,
                  Action& action);

}  // namespace foldstream::cli
