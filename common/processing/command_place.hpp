// Where a command stands in D.commands.
#pragma once

#include <cstdint>

#include "common/core/ids.hpp"
#include "common/fold/command_record.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::processing {

struct CommandPlace {
    Offset offset;
    std::int64_t append_time_ms = 0;
    std::uint64_t raw_hash = 0;  // XXH3-64 of the record's value
};

CommandPlace place_of(const fold::RawCommand& raw);
CommandPlace place_of(const v1::CommandInput& input);

}  // namespace foldstream::processing
