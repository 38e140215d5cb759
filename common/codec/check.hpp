// The constraints that annotations put on a command's fields (foldstream/v1/options.proto).
#pragma once

#include <google/protobuf/message.h>

#include <string_view>
#include <vector>

#include "common/codec/json.hpp"

namespace foldstream::codec {

// Every violation, up to 20, with its path. Also refuses, in any string field at any depth, U+0000
// and invalid UTF-8, unknown fields, enum numbers that the enum does not name, and times out of
// range. An empty string without presence is left out: format does not look at it, min_length does.
std::vector<Violation> check(const google::protobuf::Message& message);

// 1-128 bytes of [A-Za-z0-9._:~-]: what may be an aggregate's id and a record's key.
bool is_id(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace foldstream::codec
