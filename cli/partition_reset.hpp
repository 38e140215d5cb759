// `foldctl partitions reset`: an operator's word that a partition's log, as it is, is the one to go
// on with; what its owners had stored and written of another one is thrown away.
#pragma once

#include <cstdint>
#include <string>

#include "cli/console.hpp"

namespace foldstream::cli {

struct ResetOptions {
    std::string domain;
    std::int32_t partition = 0;
    std::string why;
    bool yes = false;
};

// An exit code. Cut short at any point it leaves a partition that stands still as before: it is
// said once more. Throws UsageError and kafka::Error.
int reset(const ResetOptions& options, const Connections& connections, const Console& console);

}  // namespace foldstream::cli
