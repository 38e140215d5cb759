// Makes a message one that survives Postgres: what goes in comes back bit by bit.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::fold {

// Times are cut to milliseconds and clamped to years 0001-9999, -0.0 becomes 0.0, every NaN the
// same one, U+0000 and ill-formed UTF-8 become U+FFFD, an enum's number without a name becomes 0,
// unknown fields are dropped; all that at any depth. Knows which fields of a message type need it.
// Immutable; shared by all threads.
class CanonicalMessage {
public:
    explicit CanonicalMessage(const google::protobuf::Descriptor& type);
    CanonicalMessage(const CanonicalMessage&) = delete;
    CanonicalMessage& operator=(const CanonicalMessage&) = delete;

    // `message` must be of the type.
    void apply(google::protobuf::Message& message) const;

private:
    struct TypePlan;
    struct Step {
        const google::protobuf::FieldDescriptor* field = nullptr;
        google::protobuf::FieldDescriptor::CppType type{};  // asking the field goes through a lock
        const TypePlan* inside = nullptr;                   // of message fields
    };
    struct TypePlan {
        bool time = false;
        std::vector<Step> steps;
    };

    const TypePlan* plan(const google::protobuf::Descriptor& type);
    static void apply(google::protobuf::Message& message, const TypePlan& plan);
    static void apply(google::protobuf::Message& message,
                      const google::protobuf::Reflection& reflection, const TypePlan& plan);
    static void apply_step(google::protobuf::Message& message,
                           const google::protobuf::Reflection& reflection, const Step& step);
    static void apply_to_each(google::protobuf::Message& message,
                              const google::protobuf::Reflection& reflection, const Step& step);

    // By type, so that a type that contains itself is one plan.
    std::map<const google::protobuf::Descriptor*, std::unique_ptr<TypePlan>> plans_;
    const TypePlan* root_;
};

// The same for single values.
double canonical(double value);
float canonical(float value);
bool is_canonical_text(std::string_view text);
std::string canonical_text(std::string_view text);
// Milliseconds since 1970 of a google.protobuf.Timestamp, clamped; and back.
std::int64_t time_ms(const google::protobuf::Message& timestamp);
void set_time_ms(google::protobuf::Message& timestamp, std::int64_t ms);

}  // namespace foldstream::fold
