// Message types that only the tests of the codec have: every kind of field, maps, oneofs,
// constraints of every sort. Built when first asked for and kept for ever.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <ostream>
#include <string_view>

#include "common/codec/json.hpp"

namespace foldstream::codec {

// For failure messages of tests.
inline void PrintTo(const Violation& violation, std::ostream* out) {
    *out << '\'' << violation.field << "': " << violation.message;
}

}  // namespace foldstream::codec

namespace foldstream::codec::testing {

// An empty message of test.<name>; asserts that there is such a type.
std::unique_ptr<google::protobuf::Message> make(std::string_view name);

// From Protobuf's text format; asserts that it parses.
std::unique_ptr<google::protobuf::Message> make(std::string_view name, std::string_view text);

}  // namespace foldstream::codec::testing
