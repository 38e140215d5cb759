// Our JSON: lowerCamelCase, 64-bit integers as numbers, enums lower case without prefix, times in
// RFC 3339 UTC with milliseconds, every scalar present. (Protobuf 3.21's own printer can do neither
// unquoted 64-bit integers nor lower-case enums.) Descriptors must live as long as the process:
// what is worked out for a type is kept. All functions are thread-safe.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace foldstream::codec {

// Appends a JSON string literal, quotes included. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string_view text, std::string& out);

// Appends the message as a JSON object. google.protobuf.Timestamp is a time; bytes are base64; map
// fields are objects, sorted by key. A message field, an `optional` or a member of a oneof that is
// not set is null.
void append_json(const google::protobuf::Message& message, std::string& out);
std::string to_json(const google::protobuf::Message& message);

// The JSON form of an enum value: "pending" for ORDER_STATUS_PENDING of enum OrderStatus, "dry-run"
// for OUTCOME_DRY_RUN of enum Outcome.
std::string enum_text(const google::protobuf::EnumValueDescriptor& value);
// The value for "pending", "PENDING" or "ORDER_STATUS_PENDING"; null when there is none.
const google::protobuf::EnumValueDescriptor* find_enum(const google::protobuf::EnumDescriptor& type,
                                                       std::string_view text);

// What is wrong with an input, where: the field's path in JSON names, "items[2].priceMinor".
struct Violation {
    std::string field;
    std::string message;

    bool operator==(const Violation&) const = default;
};

struct JsonLimits {
    std::size_t max_depth = 32;
    std::size_t max_bytes = 512 * 1024;
};

struct JsonFaults {
    std::vector<Violation> violations;
    // The input was read to its end: the message has all of it but what the violations name.
    bool whole = true;
};

// Reads what append_json writes and what Protobuf's JSON mapping accepts (proto names, quoted
// 64-bit integers, enum numbers and full names, nulls). Unknown and repeated fields, U+0000,
// invalid UTF-8, wrong types, numbers out of range, too deep or too large input: a violation with
// its path. All violations that can be found at once are reported, up to 20. The message is
// unspecified on failure, unless the input was read whole.
JsonFaults read_json(std::string_view json, google::protobuf::Message& message,
                     const JsonLimits& limits = {});
std::vector<Violation> parse_json(std::string_view json, google::protobuf::Message& message,
                                  const JsonLimits& limits = {});

}  // namespace foldstream::codec
