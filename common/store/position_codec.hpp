// A StoredPosition as bytes (v1::StoredPlace), for adapters that keep it outside of the process.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/store/store.hpp"

namespace foldstream::store {

std::string encode_position(const StoredPosition& position);

// Nothing when the bytes are none of encode_position's. A field that they lack has its default.
std::optional<StoredPosition> decode_position(std::string_view bytes);

}  // namespace foldstream::store
