#include "common/codec/message_plan.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "common/codec/json.hpp"

namespace foldstream::codec {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t max_choices = 20;

// "-" back to "_": PENDING or DRY_RUN of pending or dry-run.
std::string upper(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (c == '-') c = '_';
    }
    return text;
}

Kind kind_of(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return Kind::int32;
        case FieldDescriptor::CPPTYPE_INT64:
            return Kind::int64;
        case FieldDescriptor::CPPTYPE_UINT32:
            return Kind::uint32;
        case FieldDescriptor::CPPTYPE_UINT64:
            return Kind::uint64;
        case FieldDescriptor::CPPTYPE_FLOAT:
            return Kind::float32;
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return Kind::float64;
        case FieldDescriptor::CPPTYPE_BOOL:
            return Kind::boolean;
        case FieldDescriptor::CPPTYPE_ENUM:
            return Kind::enumeration;
        case FieldDescriptor::CPPTYPE_STRING:
            return field.type() == FieldDescriptor::TYPE_BYTES ? Kind::bytes : Kind::string;
        case FieldDescriptor::CPPTYPE_MESSAGE:
            break;
    }
    return field.message_type()->full_name() == "google.protobuf.Timestamp" ? Kind::time
                                                                            : Kind::message;
}

std::unique_ptr<EnumPlan> make_enum(const EnumDescriptor& type) {
    auto plan = std::make_unique<EnumPlan>();
    for (int i = 0; i < type.value_count(); ++i) {
        const EnumValueDescriptor* value = type.value(i);
        const std::string text = enum_text(*value);
        plan->texts.emplace(value->number(), text);
        plan->values.emplace(text, value);
        if (plan->texts.size() <= max_choices) {
            if (!plan->choices.empty()) plan->choices += ", ";
            plan->choices += text;
        }
    }
    for (int i = 0; i < type.value_count(); ++i) {
        const EnumValueDescriptor* value = type.value(i);
        plan->values.emplace(upper(enum_text(*value)), value);
        plan->values.emplace(value->name(), value);
    }
    return plan;
}

// All plans of the process. Called from any thread; a plan that is found is complete, because
// plans are made, with all that they point to, under the exclusive lock.
class PlanCache {
public:
    const MessagePlan& message(const Descriptor& type) {
        {
            const std::shared_lock lock(mutex_);
            const auto found = messages_.find(&type);
            if (found != messages_.end()) return *found->second;
        }
        const std::unique_lock lock(mutex_);
        return make(type);
    }

    const EnumPlan& enumeration(const EnumDescriptor& type) {
        {
            const std::shared_lock lock(mutex_);
            const auto found = enums_.find(&type);
            if (found != enums_.end()) return *found->second;
        }
        const std::unique_lock lock(mutex_);
        return make(type);
    }

private:
    const EnumPlan& make(const EnumDescriptor& type) {
        auto& plan = enums_[&type];
        if (!plan) plan = make_enum(type);
        return *plan;
    }

    // A type that contains itself finds its own, still growing plan.
    const MessagePlan& make(const Descriptor& type) {
        const auto found = messages_.find(&type);
        if (found != messages_.end()) return *found->second;
        MessagePlan& plan = *(messages_[&type] = std::make_unique<MessagePlan>());
        plan.type = &type;
        plan.time = type.full_name() == "google.protobuf.Timestamp";
        plan.fields.reserve(static_cast<std::size_t>(type.field_count()));
        for (int i = 0; i < type.field_count(); ++i) {
            plan.fields.push_back(make(*type.field(i), plan.fields.size()));
        }
        for (const FieldPlan& field : plan.fields) {
            plan.by_name[field.field->json_name()] = &field;
        }
        for (const FieldPlan& field : plan.fields) {
            plan.by_name.emplace(field.field->name(), &field);
        }
        return plan;
    }

    FieldPlan make(const FieldDescriptor& field, std::size_t index) {
        FieldPlan plan;
        plan.field = &field;
        plan.index = index;
        append_json_string(field.json_name(), plan.key);
        plan.key += ':';
        plan.kind = kind_of(field);
        plan.repeated = field.is_repeated();
        plan.map = field.is_map();
        plan.nullable = field.has_presence();
        plan.group = field.real_containing_oneof();
        if (field.message_type() != nullptr) plan.message = &make(*field.message_type());
        if (field.enum_type() != nullptr) plan.enumeration = &make(*field.enum_type());
        if (field.options().HasExtension(v1::check)) {
            plan.check = &field.options().GetExtension(v1::check);
        }
        return plan;
    }

    std::shared_mutex mutex_;
    std::unordered_map<const Descriptor*, std::unique_ptr<MessagePlan>> messages_;
    std::unordered_map<const EnumDescriptor*, std::unique_ptr<EnumPlan>> enums_;
};

PlanCache& cache() {
    static PlanCache plans;
    return plans;
}

constexpr std::int64_t ns_a_ms = 1'000'000;

}  // namespace

const MessagePlan& plan_of(const Descriptor& type) { return cache().message(type); }

const EnumPlan& plan_of(const EnumDescriptor& type) { return cache().enumeration(type); }

std::int64_t time_of(const Message& timestamp) {
    const Descriptor* type = timestamp.GetDescriptor();
    const auto* reflection = timestamp.GetReflection();
    const std::int64_t seconds = reflection->GetInt64(timestamp, type->FindFieldByNumber(1));
    const std::int32_t nanos = reflection->GetInt32(timestamp, type->FindFieldByNumber(2));
    return std::clamp(seconds, least_second, greatest_second) * 1000 +
           std::clamp(nanos, 0, 999'999'999) / ns_a_ms;
}

void set_time(Message& timestamp, std::int64_t ms) {
    const Descriptor* type = timestamp.GetDescriptor();
    const auto* reflection = timestamp.GetReflection();
    const std::int64_t rest = ((ms % 1000) + 1000) % 1000;
    reflection->SetInt64(&timestamp, type->FindFieldByNumber(1), (ms - rest) / 1000);
    reflection->SetInt32(&timestamp, type->FindFieldByNumber(2),
                         static_cast<std::int32_t>(rest * ns_a_ms));
}

}  // namespace foldstream::codec
