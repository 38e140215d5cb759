// Protobuf as anybody may send it.
#pragma once

#include <google/protobuf/message.h>

#include <string_view>
#include <vector>

#include "common/codec/json.hpp"

namespace foldstream::codec {

// Reads the message; on failure it is unspecified, and the violations say why, with the path of the
// text that is no UTF-8, or of the message that is cut, broken, or nested too deep. Up to 20.
// (Protobuf's own parser only says that it failed.) Descriptors must live as long as the process.
std::vector<Violation> read_protobuf(std::string_view bytes, google::protobuf::Message& message);

}  // namespace foldstream::codec
