// JSON written by hand, under this folder's names.
#pragma once

#include "common/codec/json_object.hpp"

namespace foldstream::cli {

using codec::json_array;
using codec::json_texts;
using codec::JsonObject;

}  // namespace foldstream::cli
