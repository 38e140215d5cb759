// One line of a batch, taken apart. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/codec/json.hpp"
#include "common/core/result.hpp"

namespace foldstream::command_service {

struct BatchCommand {
    std::string domain;
    std::string command;  // without its package
    std::optional<std::string> command_id;
    std::optional<std::uint64_t> expected_version;
    std::string_view body;  // JSON, into the line; empty: none was given
};

// The body is cut out as it stands, for the command's own reading: what is wrong in it is not found
// here.
Result<BatchCommand, std::vector<codec::Violation>> read_batch_line(std::string_view line);

// The lines of a batch, into it; empty ones are left out.
std::vector<std::string_view> lines_of(std::string_view ndjson);

}  // namespace foldstream::command_service
