// A JSON string literal: what logs and problems need of JSON (the messages' JSON is common/codec's,
// which stands above this folder).
#pragma once

#include <string>
#include <string_view>

namespace foldstream::runtime {

// Appends the literal, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_text(std::string_view text, std::string& out);
std::string json_text(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace foldstream::runtime
