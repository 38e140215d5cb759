// The end of the keys that begin with a prefix.
#pragma once

#include <string>
#include <string_view>

namespace foldstream::store {

// The least key greater than all that begin with `prefix`, in the order of unsigned bytes; empty =
// there is none: they reach to the last key.
inline std::string prefix_end(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty() && end.back() == '\xff') end.pop_back();
    if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    return end;
}

}  // namespace foldstream::store
