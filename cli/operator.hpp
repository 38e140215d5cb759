// The person who runs foldctl: asked before something is lost, and named where it is written down.
#pragma once

#include <string>

#include "cli/console.hpp"

namespace foldstream::cli {

// Asks on standard error and reads a line: only "yes" is one. With `yes` nobody is asked. Throws
// UsageError when nobody is there to answer. False: nothing may be done.
bool confirmed(const Console& console, bool yes, const std::string& question);

// The user's name of this process, "uid 1000" when it has none.
std::string operator_name();

}  // namespace foldstream::cli
