// What JSON and the checks need to know of a message type, worked out once: names, kinds,
// constraints. Inside common/codec only.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "foldstream/v1/options.pb.h"

namespace foldstream::codec {

enum class Kind : std::uint8_t {
    int32,
    int64,
    uint32,
    uint64,
    float32,
    float64,
    boolean,
    enumeration,
    string,
    bytes,
    message,
    time,  // google.protobuf.Timestamp
};

struct EnumPlan {
    // JSON text by number (of aliases: the first one's).
    std::unordered_map<int, std::string> texts;
    // By every text that is read.
    std::unordered_map<std::string, const google::protobuf::EnumValueDescriptor*> values;
    // "pending, paid, shipped": for messages.
    std::string choices;
};

struct MessagePlan;

struct FieldPlan {
    const google::protobuf::FieldDescriptor* field = nullptr;
    std::string key;  // "orderId": as it is written, quotes and colon included
    Kind kind = Kind::string;
    bool repeated = false;  // maps too
    bool map = false;
    bool nullable = false;                                     // it can be told whether it is set
    std::size_t index = 0;                                     // within the plan
    const google::protobuf::OneofDescriptor* group = nullptr;  // never a synthetic one
    const MessagePlan* message = nullptr;   // of kinds message and time; of a map: its entry
    const EnumPlan* enumeration = nullptr;  // of kind enumeration
    const v1::Constraints* check = nullptr;

    [[nodiscard]] const std::string& name() const { return field->json_name(); }
};

// Immutable once plan_of has returned it.
struct MessagePlan {
    const google::protobuf::Descriptor* type = nullptr;
    bool time = false;
    std::vector<FieldPlan> fields;                                   // in the order of declaration
    std::unordered_map<std::string_view, const FieldPlan*> by_name;  // JSON names, proto names

    [[nodiscard]] const FieldPlan* find(std::string_view name) const {
        const auto found = by_name.find(name);
        return found == by_name.end() ? nullptr : found->second;
    }
};

// Thread-safe. Plans are kept for ever, by the descriptor's address: descriptors must live as long
// as the process.
const MessagePlan& plan_of(const google::protobuf::Descriptor& type);
const EnumPlan& plan_of(const google::protobuf::EnumDescriptor& type);

// What a google.protobuf.Timestamp's seconds may be.
inline constexpr std::int64_t least_second = -62'135'596'800;     // 0001-01-01T00:00:00Z
inline constexpr std::int64_t greatest_second = 253'402'300'799;  // 9999-12-31T23:59:59Z

// Milliseconds since 1970 of a google.protobuf.Timestamp, clamped to years 0001-9999; and back.
std::int64_t time_of(const google::protobuf::Message& timestamp);
void set_time(google::protobuf::Message& timestamp, std::int64_t ms);

}  // namespace foldstream::codec
