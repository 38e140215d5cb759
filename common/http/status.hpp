// Status codes in words.
#pragma once

#include <string_view>

namespace foldstream::http {

// RFC 9110's phrase; "Error" or "OK" for codes that we do not use.
std::string_view reason_phrase(int status);

}  // namespace foldstream::http
