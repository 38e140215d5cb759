// Numbers and bytes out of JSON's text, exactly: no detour over double for integers. Inside
// common/codec only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/result.hpp"

namespace foldstream::codec {

struct Integer {
    bool negative = false;
    std::uint64_t magnitude = 0;
};

enum class NumberFault : std::uint8_t { not_a_number, not_an_integer, out_of_range };

// A JSON number that is a whole one: also "1.0" and "1e3". -0 is 0.
Result<Integer, NumberFault> parse_integer(std::string_view text);

// A JSON number as the nearest double. Too great or too small for one is out of range.
Result<double, NumberFault> parse_double(std::string_view text);

// Standard or URL-safe alphabet, with or without padding. Nothing for anything else.
std::optional<std::string> parse_base64(std::string_view text);

}  // namespace foldstream::codec
