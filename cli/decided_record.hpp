// The record of D.commands that an entry was decided from.
#pragma once

#include <optional>
#include <string>

#include "cli/console.hpp"
#include "common/core/ids.hpp"
#include "common/kafka/reader.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::cli {

// Nothing when the topic has another one there (its append time or its hash differs), or none.
// Throws kafka::Error.
std::optional<kafka::Record> decided_record(const Connections& connections,
                                            const std::string& domain, Partition partition,
                                            const v1::CommandInput& input);

}  // namespace foldstream::cli
