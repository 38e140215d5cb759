// What this binary was built from: /buildz and --version.
#pragma once

#include <string>
#include <string_view>

namespace foldstream::runtime {

// "0.1.0"
std::string_view build_version();
// The commit's full hash with "-dirty" behind it when files differed; "unknown" outside a clone and
// in test builds (which would link anew with every commit).
std::string_view build_commit();
// "0.1.0 (1a2b3c…)"
std::string build_text();

}  // namespace foldstream::runtime
