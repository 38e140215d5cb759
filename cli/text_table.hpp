// Columns for people.
#pragma once

#include <string>
#include <vector>

namespace foldstream::cli {

// Rows of equal length, the first one the head; two blanks between columns, none at the end of a
// line. Widths count characters (UTF-8), not bytes.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace foldstream::cli
