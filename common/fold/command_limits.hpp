// How large what stands around a command may be.
#pragma once

#include <cstddef>

namespace foldstream::fold {

inline constexpr std::size_t max_command_id = 128;         // bytes
inline constexpr std::size_t max_reply_instance = 128;     // bytes
inline constexpr std::size_t max_attributes = 16;          // meta_* of a command
inline constexpr std::size_t max_attributes_bytes = 1024;  // of their names and values together

}  // namespace foldstream::fold
