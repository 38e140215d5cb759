// `foldctl partitions adopt`: an operator's word in the log that commands go on at another offset.
#pragma once

#include <cstdint>
#include <string>

#include "cli/console.hpp"

namespace foldstream::cli {

struct AdoptionOptions {
    std::string domain;
    std::int32_t partition = 0;
    std::string next_offset;
    std::string why;
    bool yes = false;
};

// An exit code. Throws UsageError and kafka::Error.
int adopt(const AdoptionOptions& options, const Connections& connections, const Console& console);

}  // namespace foldstream::cli
