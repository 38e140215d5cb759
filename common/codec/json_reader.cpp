// parse_json: Boost.JSON's push parser calls a handler that walks the message's plan beside it, so
// that no tree of the input is ever built and each fault has its path.
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "common/codec/check.hpp"
#include "common/codec/json.hpp"
#include "common/codec/json_scalar.hpp"
#include "common/codec/message_plan.hpp"
#include "common/codec/utf8.hpp"
#include "common/core/time_text.hpp"

namespace foldstream::codec {

namespace {

using boost::json::error_code;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Text = boost::json::string_view;

constexpr std::size_t max_violations = 20;
constexpr std::size_t max_quoted_name = 64;

// A name from the input, fit to stand in a path: bounded, printable, well-formed.
std::string quoted_name(std::string_view name) {
    if (name.empty()) return "\"\"";
    std::string out;
    for (std::size_t i = 0; i < name.size();) {
        const std::size_t length = utf8_length(name, i);
        if (i + length > max_quoted_name) return out + "...";
        const auto c = static_cast<unsigned char>(name[i]);
        if (length == 0 || c < 0x20 || c == 0x7F) {
            out += '?';
        } else {
            out.append(name.substr(i, length));
        }
        i += length == 0 ? 1 : length;
    }
    return out;
}

const char* expected(const FieldPlan& plan) {
    switch (plan.kind) {
        case Kind::int32:
        case Kind::int64:
        case Kind::uint32:
        case Kind::uint64:
            return "must be an integer";
        case Kind::float32:
        case Kind::float64:
            return "must be a number";
        case Kind::boolean:
            return "must be true or false";
        case Kind::enumeration:
            return "must be a text that names a value";
        case Kind::string:
            return "must be a text";
        case Kind::bytes:
            return "must be base64 text";
        case Kind::message:
            return "must be an object";
        case Kind::time:
            return "must be a time as in RFC 3339";
    }
    return "has the wrong type";
}

// Puts one scalar into its field; the reason why not, or nothing.
class ScalarSetter {
public:
    ScalarSetter(Message& message, const FieldPlan& plan, bool element)
        : message_(message), reflection_(*message.GetReflection()), plan_(plan), add_(element) {}

    std::string boolean(bool value) {
        if (plan_.kind != Kind::boolean) return expected(plan_);
        return put<&Reflection::SetBool, &Reflection::AddBool>(value);
    }

    std::string text(std::string_view text) {
        if (!is_utf8(text)) return "is not valid UTF-8";
        if (text.find('\0') != std::string_view::npos) return "must not contain U+0000";
        switch (plan_.kind) {
            case Kind::string:
                return put<&Reflection::SetString, &Reflection::AddString>(std::string(text));
            case Kind::bytes:
                return bytes(text);
            case Kind::enumeration:
                return named(text);
            case Kind::time:
                return time(text);
            case Kind::float32:
            case Kind::float64:
                return special(text);
            case Kind::boolean:
            case Kind::message:
                return expected(plan_);
            default:
                return number(text);
        }
    }

    std::string number(std::string_view text) {
        switch (plan_.kind) {
            case Kind::int32:
                return whole<std::int32_t, &Reflection::SetInt32, &Reflection::AddInt32>(text);
            case Kind::int64:
                return whole<std::int64_t, &Reflection::SetInt64, &Reflection::AddInt64>(text);
            case Kind::uint32:
                return whole<std::uint32_t, &Reflection::SetUInt32, &Reflection::AddUInt32>(text);
            case Kind::uint64:
                return whole<std::uint64_t, &Reflection::SetUInt64, &Reflection::AddUInt64>(text);
            case Kind::float32:
            case Kind::float64:
                return floating(text);
            case Kind::enumeration:
                return numbered(text);
            default:
                return expected(plan_);
        }
    }

private:
    template <auto Set, auto Add, typename Value>
    std::string put(Value value) {
        if (add_) {
            (reflection_.*Add)(&message_, plan_.field, std::move(value));
        } else {
            (reflection_.*Set)(&message_, plan_.field, std::move(value));
        }
        return {};
    }

    template <typename Value>
    std::string in_range(std::string_view text, Value& value) {
        const auto read = parse_integer(text);
        if (!read) {
            return read.error() == NumberFault::out_of_range ? "is out of range" : expected(plan_);
        }
        constexpr auto greatest = static_cast<std::uint64_t>(std::numeric_limits<Value>::max());
        const std::uint64_t least = std::is_signed_v<Value> ? greatest + 1 : 0;
        if (read->magnitude > (read->negative ? least : greatest)) return "is out of range";
        // Two's complement: the unsigned negation is the negative number's bits.
        value = static_cast<Value>(read->negative ? 0 - read->magnitude : read->magnitude);
        return {};
    }

    template <typename Value, auto Set, auto Add>
    std::string whole(std::string_view text) {
        Value value = 0;
        std::string fault = in_range(text, value);
        return fault.empty() ? put<Set, Add>(value) : fault;
    }

    std::string floating(std::string_view text) {
        const auto read = parse_double(text);
        if (!read) {
            return read.error() == NumberFault::out_of_range ? "is out of range" : expected(plan_);
        }
        return put_floating(*read);
    }

    std::string put_floating(double value) {
        if (plan_.kind == Kind::float64) {
            return put<&Reflection::SetDouble, &Reflection::AddDouble>(value);
        }
        constexpr double greatest = std::numeric_limits<float>::max();
        if (std::isfinite(value) && (value > greatest || value < -greatest)) {
            return "is out of range";
        }
        return put<&Reflection::SetFloat, &Reflection::AddFloat>(static_cast<float>(value));
    }

    std::string special(std::string_view text) {
        if (text == "NaN") return put_floating(std::numeric_limits<double>::quiet_NaN());
        if (text == "Infinity") return put_floating(std::numeric_limits<double>::infinity());
        if (text == "-Infinity") return put_floating(-std::numeric_limits<double>::infinity());
        return floating(text);
    }

    std::string bytes(std::string_view text) {
        auto read = parse_base64(text);
        if (!read) return expected(plan_);
        return put<&Reflection::SetString, &Reflection::AddString>(std::move(*read));
    }

    std::string time(std::string_view text) {
        const auto ms = parse_rfc3339(text);
        if (!ms) return expected(plan_);
        set_time(add_ ? *reflection_.AddMessage(&message_, plan_.field)
                      : *reflection_.MutableMessage(&message_, plan_.field),
                 *ms);
        return {};
    }

    std::string named(std::string_view text) {
        const auto found = plan_.enumeration->values.find(std::string(text));
        if (found == plan_.enumeration->values.end()) return choices();
        return put<&Reflection::SetEnum, &Reflection::AddEnum>(found->second);
    }

    std::string numbered(std::string_view text) {
        std::int32_t number = 0;
        if (!in_range(text, number).empty()) return choices();
        const EnumValueDescriptor* value = plan_.field->enum_type()->FindValueByNumber(number);
        if (value == nullptr) return choices();
        return put<&Reflection::SetEnum, &Reflection::AddEnum>(value);
    }

    std::string choices() { return "must be one of " + plan_.enumeration->choices; }

    Message& message_;
    const Reflection& reflection_;
    const FieldPlan& plan_;
    bool add_;
};

// One open object or array of the input.
struct Level {
    enum class In : std::uint8_t { message, list, map, skipped };

    In in = In::skipped;
    Message* message = nullptr;         // that is filled; of a map: the entry of the current key
    Message* owner = nullptr;           // of a map: the message that has it
    const MessagePlan* plan = nullptr;  // of a message
    const FieldPlan* field = nullptr;   // the current one, or the list's or map's; null: skip
    std::size_t index = 0;              // of a list: the current element
    std::size_t seen = 0;               // of a message: where its fields begin in Handler::seen_
    std::string key;                    // of a map: the current one
    std::set<std::string, std::less<>> keys;
};

// Where the next value goes. No plan: nowhere.
struct Slot {
    Message* message = nullptr;
    const FieldPlan* plan = nullptr;
    bool element = false;  // of a list
};

// Of a oneof, another member may be set already.
bool is_taken(const Slot& slot) {
    return slot.plan->group != nullptr &&
           slot.message->GetReflection()->HasOneof(*slot.message, slot.plan->group);
}

std::string taken(const Slot& slot) {
    return "must not be given beside another of " + slot.plan->group->name();
}

// Why an object or an array cannot stand there.
std::string refused_container(const Slot& slot, bool object) {
    if (slot.plan->repeated && !slot.element) {
        return slot.plan->map ? "must be an object" : "must be a list";
    }
    return object && slot.plan->kind == Kind::message ? taken(slot) : expected(*slot.plan);
}

// Boost.JSON's handler. One object a call of parse_json; makes no exception but bad_alloc.
class JsonHandler {
public:
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

    JsonHandler(Message& root, std::size_t max_depth, std::vector<Violation>& violations)
        : root_(root), max_depth_(max_depth), violations_(violations) {}

    // Of the value that is being read.
    [[nodiscard]] std::string path() const;
    [[nodiscard]] bool stopped() const { return stopped_; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& ec);
    bool on_object_end(std::size_t, error_code&) { return leave(); }
    bool on_array_begin(error_code& ec);
    bool on_array_end(std::size_t, error_code&) { return leave(); }
    bool on_key_part(Text part, std::size_t, error_code&) { return collect(part); }
    bool on_key(Text part, std::size_t, error_code& ec);
    bool on_string_part(Text part, std::size_t, error_code&) { return collect(part); }
    bool on_string(Text part, std::size_t, error_code& ec);
    bool on_number_part(Text part, error_code&) { return collect(part); }
    bool on_int64(std::int64_t, Text part, error_code& ec) { return on_number(part, ec); }
    bool on_uint64(std::uint64_t, Text part, error_code& ec) { return on_number(part, ec); }
    bool on_double(double, Text part, error_code& ec) { return on_number(part, ec); }
    bool on_bool(bool value, error_code& ec);
    bool on_null(error_code& ec);
    static bool on_comment_part(Text, error_code&) { return true; }
    static bool on_comment(Text, error_code&) { return true; }

private:
    template <typename Put>
    bool scalar(Put put, error_code& ec);
    bool on_number(Text part, error_code& ec);
    bool collect(Text part) {
        text_.append(part.data(), part.size());
        return true;
    }
    // Ends a value: the next one is another field or element.
    bool leave();
    bool finish(std::string fault, error_code& ec);
    // False (and the parser stops) when there have been enough.
    bool report(std::string path, std::string message, error_code& ec);
    bool stop(error_code& ec);
    bool no_object(error_code& ec);
    bool too_deep(error_code& ec);
    bool enter(const Slot& slot, bool object, error_code& ec);

    [[nodiscard]] Slot slot() const;
    void push_message(Message& message, const MessagePlan& plan);
    bool field_key(Level& level, error_code& ec);
    bool map_key(Level& level, error_code& ec);

    Message& root_;
    std::size_t max_depth_;
    std::vector<Violation>& violations_;
    std::vector<Level> levels_;
    std::vector<bool> seen_;  // fields of all open messages that have been given
    std::string text_;        // of the key, string or number that is being read
    bool stopped_ = false;
};

std::string JsonHandler::path() const {
    std::string out;
    for (const Level& level : levels_) {
        if (level.in == Level::In::list) {
            out += '[' + std::to_string(level.index) + ']';
        } else if (level.in == Level::In::map && !level.key.empty()) {
            out += '.' + quoted_name(level.key);
        } else if (level.in == Level::In::message && level.field != nullptr) {
            if (!out.empty()) out += '.';
            out += level.field->name();
        }
    }
    return out;
}

bool JsonHandler::report(std::string path, std::string message, error_code& ec) {
    violations_.push_back({std::move(path), std::move(message)});
    return violations_.size() < max_violations || stop(ec);
}

bool JsonHandler::stop(error_code& ec) {
    stopped_ = true;
    ec = boost::json::error::object_too_large;
    return false;
}

bool JsonHandler::no_object(error_code& ec) {
    violations_.push_back({"", "must be an object"});
    return stop(ec);
}

bool JsonHandler::too_deep(error_code& ec) {
    if (levels_.size() < max_depth_) return false;
    violations_.push_back({path(), "is nested too deep"});
    return !stop(ec);
}

Slot JsonHandler::slot() const {
    const Level& level = levels_.back();
    if (level.in == Level::In::skipped || level.field == nullptr) return {};
    if (level.in == Level::In::map) {
        if (level.message == nullptr) return {};
        return {level.message, &level.field->message->fields[1], false};
    }
    return {level.message, level.field, level.in == Level::In::list};
}

bool JsonHandler::leave() {
    if (levels_.back().in == Level::In::message) seen_.resize(levels_.back().seen);
    levels_.pop_back();
    error_code none;
    return levels_.empty() || finish({}, none);
}

bool JsonHandler::finish(std::string fault, error_code& ec) {
    const bool more = fault.empty() || report(path(), std::move(fault), ec);
    Level& level = levels_.back();
    if (level.in == Level::In::list) ++level.index;
    if (level.in == Level::In::message) level.field = nullptr;
    if (level.in == Level::In::map) {
        level.message = nullptr;
        level.key.clear();
    }
    return more;
}

void JsonHandler::push_message(Message& message, const MessagePlan& plan) {
    Level level;
    level.in = Level::In::message;
    level.message = &message;
    level.plan = &plan;
    level.seen = seen_.size();
    seen_.resize(seen_.size() + plan.fields.size());
    levels_.push_back(std::move(level));
}

bool JsonHandler::on_object_begin(error_code& ec) {
    if (levels_.empty()) {
        push_message(root_, plan_of(*root_.GetDescriptor()));
        return true;
    }
    return !too_deep(ec) && enter(slot(), true, ec);
}

bool JsonHandler::on_array_begin(error_code& ec) {
    if (levels_.empty()) return no_object(ec);
    return !too_deep(ec) && enter(slot(), false, ec);
}

bool JsonHandler::enter(const Slot& slot, bool object, error_code& ec) {
    Level level;
    bool more = true;
    if (slot.plan != nullptr) {
        const FieldPlan& plan = *slot.plan;
        const bool whole = plan.repeated && !slot.element;  // the field itself, not an element
        const Reflection* reflection = slot.message->GetReflection();
        if (object && !whole && plan.kind == Kind::message && !is_taken(slot)) {
            push_message(slot.element ? *reflection->AddMessage(slot.message, plan.field)
                                      : *reflection->MutableMessage(slot.message, plan.field),
                         *plan.message);
            return true;
        }
        if (whole && plan.map == object) {
            level.in = object ? Level::In::map : Level::In::list;
            level.field = &plan;
            (object ? level.owner : level.message) = slot.message;
        } else {
            more = report(path(), refused_container(slot, object), ec);
        }
    }
    levels_.push_back(std::move(level));
    return more;
}

bool JsonHandler::on_key(Text part, std::size_t, error_code& ec) {
    collect(part);
    Level& level = levels_.back();
    bool more = true;
    if (level.in == Level::In::message) more = field_key(level, ec);
    if (level.in == Level::In::map) more = map_key(level, ec);
    text_.clear();
    return more;
}

bool JsonHandler::field_key(Level& level, error_code& ec) {
    level.field = nullptr;
    const FieldPlan* field = level.plan->find(text_);
    if (field == nullptr) {
        const std::string parent = path();
        return report((parent.empty() ? "" : parent + ".") + quoted_name(text_),
                      "is not a field of " + level.plan->type->name(), ec);
    }
    level.field = field;
    if (seen_[level.seen + field->index]) {
        const bool more = report(path(), "is given twice", ec);
        level.field = nullptr;
        return more;
    }
    seen_[level.seen + field->index] = true;
    return true;
}

bool JsonHandler::map_key(Level& level, error_code& ec) {
    const FieldPlan& key = level.field->message->fields[0];
    level.key = text_;
    // The entry is made apart: one with a bad key must not be in the map.
    const std::unique_ptr<Message> entry(level.owner->GetReflection()
                                             ->GetMessageFactory()
                                             ->GetPrototype(level.field->message->type)
                                             ->New());
    ScalarSetter setter(*entry, key, false);
    std::string fault;
    if (key.kind == Kind::boolean) {
        const bool known = text_ == "true" || text_ == "false";
        fault = known ? setter.boolean(text_ == "true") : expected(key);
    } else {
        fault = setter.text(text_);
    }
    if (!fault.empty()) return report(path(), "its key " + fault, ec);
    if (!level.keys.insert(entry->SerializePartialAsString()).second) {
        return report(path(), "is given twice", ec);
    }
    level.message = level.owner->GetReflection()->AddMessage(level.owner, level.field->field);
    level.message->CopyFrom(*entry);
    return true;
}

template <typename Put>
bool JsonHandler::scalar(Put put, error_code& ec) {
    if (levels_.empty()) return no_object(ec);
    const Slot to = slot();
    if (to.plan == nullptr) return finish({}, ec);
    if (to.plan->repeated && !to.element) {
        return finish(to.plan->map ? "must be an object" : "must be a list", ec);
    }
    if (is_taken(to)) return finish(taken(to), ec);
    return finish(put(ScalarSetter(*to.message, *to.plan, to.element)), ec);
}

bool JsonHandler::on_string(Text part, std::size_t, error_code& ec) {
    collect(part);
    const std::string text = std::exchange(text_, {});
    return scalar([&text](ScalarSetter setter) { return setter.text(text); }, ec);
}

bool JsonHandler::on_number(Text part, error_code& ec) {
    collect(part);
    const std::string text = std::exchange(text_, {});
    return scalar([&text](ScalarSetter setter) { return setter.number(text); }, ec);
}

bool JsonHandler::on_bool(bool value, error_code& ec) {
    return scalar([value](ScalarSetter setter) { return setter.boolean(value); }, ec);
}

// Null is "not set", as in Protobuf's mapping; elements cannot be unset.
bool JsonHandler::on_null(error_code& ec) {
    if (levels_.empty()) return no_object(ec);
    const Slot to = slot();
    const bool element = to.element || levels_.back().in == Level::In::map;
    return finish(to.plan != nullptr && element ? "must not be null" : "", ec);
}

}  // namespace

JsonFaults read_json(std::string_view json, Message& message, const JsonLimits& limits) {
    message.Clear();
    JsonFaults faults;
    std::vector<Violation>& violations = faults.violations;
    if (json.size() > limits.max_bytes) {
        violations.push_back({"", "is larger than " + std::to_string(limits.max_bytes) + " bytes"});
        faults.whole = false;
        return faults;
    }
    boost::json::parse_options options;
    options.max_depth = limits.max_depth + 1;  // ours comes first and has a path
    options.allow_invalid_utf8 = true;         // likewise: found where the text is used
    boost::json::basic_parser<JsonHandler> parser(options, message, limits.max_depth, violations);
    error_code ec;
    const std::size_t read = parser.write_some(false, json.data(), json.size(), ec);
    if (ec && !parser.handler().stopped()) {
        const bool range = ec == boost::json::error::exponent_overflow;
        violations.push_back(
            {parser.handler().path(), range ? "is out of range" : "is not valid JSON"});
    } else if (!ec && read < json.size()) {
        violations.push_back({"", "is not valid JSON: there is more behind its end"});
    }
    faults.whole = !ec && read == json.size();
    if (violations.size() > max_violations) violations.resize(max_violations);
    return faults;
}

std::vector<Violation> parse_json(std::string_view json, Message& message,
                                  const JsonLimits& limits) {
    return read_json(json, message, limits).violations;
}

}  // namespace foldstream::codec
