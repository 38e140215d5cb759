#include "common/fold/canonical_message.hpp"

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <typeinfo>

#include "common/codec/check.hpp"

namespace foldstream::fold {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

namespace {

constexpr std::int64_t least_ms = -62'135'596'800'000;     // 0001-01-01T00:00:00.000Z
constexpr std::int64_t greatest_ms = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z
constexpr std::int32_t ns_a_ms = 1'000'000;

// A dynamic cast for each time of each row costs more than what is done with it.
const Timestamp& as_time(const Message& message) {
    if (typeid(message) != typeid(Timestamp)) throw std::bad_cast();
    return static_cast<const Timestamp&>(message);
}
Timestamp& as_time(Message& message) {
    return const_cast<Timestamp&>(as_time(static_cast<const Message&>(message)));
}

bool is_time(const Descriptor& type) { return &type == Timestamp::descriptor(); }

template <typename Number>
Number canonical_number(Number value) {
    if (std::isnan(value)) return std::numeric_limits<Number>::quiet_NaN();
    return value == 0 ? Number{0} : value;
}

void canonicalise_float(Message& message, const Reflection& r, const FieldDescriptor* field) {
    if (!field->is_repeated()) {
        r.SetFloat(&message, field, canonical_number(r.GetFloat(message, field)));
        return;
    }
    for (int i = 0; i < r.FieldSize(message, field); ++i) {
        r.SetRepeatedFloat(&message, field, i,
                           canonical_number(r.GetRepeatedFloat(message, field, i)));
    }
}

void canonicalise_double(Message& message, const Reflection& r, const FieldDescriptor* field) {
    if (!field->is_repeated()) {
        r.SetDouble(&message, field, canonical_number(r.GetDouble(message, field)));
        return;
    }
    for (int i = 0; i < r.FieldSize(message, field); ++i) {
        r.SetRepeatedDouble(&message, field, i,
                            canonical_number(r.GetRepeatedDouble(message, field, i)));
    }
}

void canonicalise_enum(Message& message, const Reflection& r, const FieldDescriptor* field) {
    const auto known = [&](int number) {
        return field->enum_type()->FindValueByNumber(number) != nullptr;
    };
    if (!field->is_repeated()) {
        if (!known(r.GetEnumValue(message, field))) r.SetEnumValue(&message, field, 0);
        return;
    }
    for (int i = 0; i < r.FieldSize(message, field); ++i) {
        if (!known(r.GetRepeatedEnumValue(message, field, i))) {
            r.SetRepeatedEnumValue(&message, field, i, 0);
        }
    }
}

void canonicalise_text(Message& message, const Reflection& reflection,
                       const FieldDescriptor* field) {
    std::string scratch;
    if (!field->is_repeated()) {
        const std::string& text = reflection.GetStringReference(message, field, &scratch);
        if (!is_canonical_text(text)) reflection.SetString(&message, field, canonical_text(text));
        return;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        const std::string& text =
            reflection.GetRepeatedStringReference(message, field, i, &scratch);
        if (!is_canonical_text(text)) {
            reflection.SetRepeatedString(&message, field, i, canonical_text(text));
        }
    }
}

}  // namespace

double canonical(double value) { return canonical_number(value); }

float canonical(float value) { return canonical_number(value); }

bool is_canonical_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos && codec::is_utf8(text);
}

std::string canonical_text(std::string_view text) {
    constexpr std::size_t longest_sequence = 4;
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t length = 1;
        while (length <= longest_sequence && length <= text.size() &&
               !codec::is_utf8(text.substr(0, length))) {
            ++length;
        }
        const bool sound = length <= longest_sequence && length <= text.size() && text[0] != '\0';
        if (!sound) length = 1;
        out += sound ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
        text.remove_prefix(length);
    }
    return out;
}

std::int64_t time_ms(const Message& timestamp) {
    const Timestamp& time = as_time(timestamp);
    const std::int64_t ms = std::clamp(time.seconds(), least_ms / 1000, greatest_ms / 1000) * 1000 +
                            std::clamp(time.nanos(), 0, 999'999'999) / ns_a_ms;
    return std::clamp(ms, least_ms, greatest_ms);
}

void set_time_ms(Message& timestamp, std::int64_t ms) {
    Timestamp& time = as_time(timestamp);
    const std::int64_t rest = ((ms % 1000) + 1000) % 1000;
    time.set_seconds((ms - rest) / 1000);
    time.set_nanos(static_cast<std::int32_t>(rest) * ns_a_ms);
}

namespace {

void canonicalise_time(Timestamp& time) {
    static const Reflection& reflection = *Timestamp::GetReflection();
    if (!reflection.GetUnknownFields(time).empty()) reflection.MutableUnknownFields(&time)->Clear();
    set_time_ms(time, time_ms(time));
}

}  // namespace

CanonicalMessage::CanonicalMessage(const Descriptor& type) : root_(plan(type)) {}

void CanonicalMessage::apply(Message& message) const { apply(message, *root_); }

const CanonicalMessage::TypePlan* CanonicalMessage::plan(const Descriptor& type) {
    std::unique_ptr<TypePlan>& place = plans_[&type];
    if (place) return place.get();
    place = std::make_unique<TypePlan>();
    TypePlan& made = *place;
    made.time = is_time(type);
    if (made.time) return &made;
    for (int i = 0; i < type.field_count(); ++i) {
        const FieldDescriptor* field = type.field(i);
        const FieldDescriptor::CppType kind = field->cpp_type();
        switch (kind) {
            case FieldDescriptor::CPPTYPE_MESSAGE:
                made.steps.push_back({field, kind, plan(*field->message_type())});
                break;
            case FieldDescriptor::CPPTYPE_STRING:
                if (field->type() == FieldDescriptor::TYPE_STRING)
                    made.steps.push_back({field, kind});
                break;
            case FieldDescriptor::CPPTYPE_ENUM:
            case FieldDescriptor::CPPTYPE_FLOAT:
            case FieldDescriptor::CPPTYPE_DOUBLE:
                made.steps.push_back({field, kind});
                break;
            default:
                break;
        }
    }
    return &made;
}

void CanonicalMessage::apply(Message& message, const TypePlan& plan) {
    if (plan.time) return canonicalise_time(as_time(message));
    apply(message, *message.GetReflection(), plan);
}

// Every event of every row comes through here: a message is asked for its reflection once, because
// each time goes through a lock.
void CanonicalMessage::apply(Message& message, const Reflection& reflection, const TypePlan& plan) {
    if (!reflection.GetUnknownFields(message).empty()) {
        reflection.MutableUnknownFields(&message)->Clear();
    }
    for (const Step& step : plan.steps) apply_step(message, reflection, step);
}

// A text or an enum that is not there reads as one that is canonical.
void CanonicalMessage::apply_step(Message& message, const Reflection& reflection,
                                  const Step& step) {
    const FieldDescriptor* field = step.field;
    switch (step.type) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
            if (field->is_repeated()) {
                apply_to_each(message, reflection, step);
            } else if (reflection.HasField(message, field)) {
                apply(*reflection.MutableMessage(&message, field), *step.inside);
            }
            return;
        case FieldDescriptor::CPPTYPE_STRING:
            return canonicalise_text(message, reflection, field);
        case FieldDescriptor::CPPTYPE_ENUM:
            return canonicalise_enum(message, reflection, field);
        default:
            break;
    }
    if (!field->is_repeated() && !reflection.HasField(message, field)) return;
    if (step.type == FieldDescriptor::CPPTYPE_FLOAT) {
        canonicalise_float(message, reflection, field);
    } else {
        canonicalise_double(message, reflection, field);
    }
}

void CanonicalMessage::apply_to_each(Message& message, const Reflection& reflection,
                                     const Step& step) {
    const Reflection* inner = nullptr;
    const bool times = step.inside->time;
    for (int i = 0; i < reflection.FieldSize(message, step.field); ++i) {
        Message& element = *reflection.MutableRepeatedMessage(&message, step.field, i);
        if (times) {
            canonicalise_time(as_time(element));
            continue;
        }
        if (inner == nullptr) inner = element.GetReflection();
        apply(element, *inner, *step.inside);
    }
}

}  // namespace foldstream::fold
