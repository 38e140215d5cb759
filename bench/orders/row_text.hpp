// Texts of a row's columns, and of bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::bench {

// The text of an element of an array literal, as TablePlan writes it: without quotes and escapes.
std::string text_of_element(std::string_view element);

std::string hex(std::string_view bytes);
// A generation's secret. Throws std::invalid_argument when it is too short to key digests.
std::vector<std::uint8_t> bytes_of(const std::string& hexadecimal);

}  // namespace foldstream::bench
