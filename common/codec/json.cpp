#include "common/codec/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "common/codec/message_plan.hpp"
#include "common/codec/utf8.hpp"
#include "common/core/time_text.hpp"

namespace foldstream::codec {

namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

template <typename Number>
void append_number(Number value, std::string& out) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), end.ptr);
}

// JSON has no number for these; Protobuf's mapping writes them as strings.
template <typename Number>
void append_floating(Number value, std::string& out) {
    if (std::isnan(value)) {
        out += "\"NaN\"";
    } else if (std::isinf(value)) {
        out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    } else {
        append_number(value, out);
    }
}

void append_base64(std::string_view bytes, std::string& out) {
    static constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out += '"';
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t word = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            word <<= 8U;
            if (i + j < bytes.size()) word |= static_cast<unsigned char>(bytes[i + j]);
        }
        const std::size_t kept = std::min<std::size_t>(bytes.size() - i, 3) + 1;
        for (std::size_t j = 0; j < 4; ++j) {
            out += j < kept ? digits[(word >> (18 - 6 * j)) & 0x3FU] : '=';
        }
    }
    out += '"';
}

void append_enum(const EnumPlan& plan, int number, std::string& out) {
    const auto found = plan.texts.find(number);
    if (found == plan.texts.end()) {
        append_number(number, out);
    } else {
        append_json_string(found->second, out);
    }
}

// Writes messages along their plans. One object a call of append_json.
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    void message(const Message& message, const MessagePlan& plan) {
        if (plan.time) {
            append_json_string(rfc3339(time_of(message)), out_);
            return;
        }
        const Reflection& reflection = *message.GetReflection();
        out_ += '{';
        for (const FieldPlan& field : plan.fields) {
            if (field.index > 0) out_ += ',';
            out_ += field.key;
            if (field.map) {
                map(message, reflection, field);
            } else if (field.repeated) {
                list(message, reflection, field);
            } else if (field.nullable && !reflection.HasField(message, field.field)) {
                out_ += "null";
            } else {
                value(message, reflection, field, -1);
            }
        }
        out_ += '}';
    }

private:
    void list(const Message& message, const Reflection& reflection, const FieldPlan& field) {
        const int size = reflection.FieldSize(message, field.field);
        out_ += '[';
        for (int i = 0; i < size; ++i) {
            if (i > 0) out_ += ',';
            value(message, reflection, field, i);
        }
        out_ += ']';
    }

    // Sorted by the keys' text: the order in memory is another one in every process.
    void map(const Message& message, const Reflection& reflection, const FieldPlan& field) {
        const FieldPlan& key = field.message->fields[0];
        const int size = reflection.FieldSize(message, field.field);
        std::vector<std::pair<std::string, const Message*>> entries;
        entries.reserve(static_cast<std::size_t>(size));
        for (int i = 0; i < size; ++i) {
            const Message& entry = reflection.GetRepeatedMessage(message, field.field, i);
            std::string text;
            Writer(text).value(entry, *entry.GetReflection(), key, -1);
            if (key.kind != Kind::string) text = '"' + text + '"';
            entries.emplace_back(std::move(text), &entry);
        }
        std::sort(entries.begin(), entries.end());
        out_ += '{';
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (i > 0) out_ += ',';
            out_ += entries[i].first;
            out_ += ':';
            const Message& entry = *entries[i].second;
            value(entry, *entry.GetReflection(), field.message->fields[1], -1);
        }
        out_ += '}';
    }

    // The value of a singular field (index -1) or of one element.
    void value(const Message& m, const Reflection& r, const FieldPlan& plan, int i) {
        const FieldDescriptor* f = plan.field;
        switch (plan.kind) {
            case Kind::int32:
                return append_number(i < 0 ? r.GetInt32(m, f) : r.GetRepeatedInt32(m, f, i), out_);
            case Kind::int64:
                return append_number(i < 0 ? r.GetInt64(m, f) : r.GetRepeatedInt64(m, f, i), out_);
            case Kind::uint32:
                return append_number(i < 0 ? r.GetUInt32(m, f) : r.GetRepeatedUInt32(m, f, i),
                                     out_);
            case Kind::uint64:
                return append_number(i < 0 ? r.GetUInt64(m, f) : r.GetRepeatedUInt64(m, f, i),
                                     out_);
            case Kind::float32:
                return append_floating(i < 0 ? r.GetFloat(m, f) : r.GetRepeatedFloat(m, f, i),
                                       out_);
            case Kind::float64:
                return append_floating(i < 0 ? r.GetDouble(m, f) : r.GetRepeatedDouble(m, f, i),
                                       out_);
            case Kind::boolean:
                out_ += (i < 0 ? r.GetBool(m, f) : r.GetRepeatedBool(m, f, i)) ? "true" : "false";
                return;
            case Kind::enumeration:
                return append_enum(*plan.enumeration,
                                   i < 0 ? r.GetEnumValue(m, f) : r.GetRepeatedEnumValue(m, f, i),
                                   out_);
            case Kind::string:
                return append_json_string(text(m, r, f, i), out_);
            case Kind::bytes:
                return append_base64(text(m, r, f, i), out_);
            case Kind::message:
            case Kind::time:
                return message(i < 0 ? r.GetMessage(m, f) : r.GetRepeatedMessage(m, f, i),
                               *plan.message);
        }
    }

    const std::string& text(const Message& m, const Reflection& r, const FieldDescriptor* f,
                            int i) {
        return i < 0 ? r.GetStringReference(m, f, &scratch_)
                     : r.GetRepeatedStringReference(m, f, i, &scratch_);
    }

    std::string& out_;
    std::string scratch_;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// How much of ORDER_STATUS_PENDING is the prefix of enum OrderStatus, the underscore behind it
// included; 0 when it has none.
std::size_t prefix_length(std::string_view value, std::string_view type) {
    std::size_t at = 0;
    for (const char c : type) {
        while (at < value.size() && value[at] == '_') ++at;
        if (at == value.size() || lower(value[at]) != lower(c)) return 0;
        ++at;
    }
    return at + 1 < value.size() && value[at] == '_' ? at + 1 : 0;
}

void append_control(unsigned char c, std::string& out) {
    static constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        default:
            out += "\\u00";
            out += digits[c >> 4U];
            out += digits[c & 0x0FU];
    }
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
    out += '"';
    std::size_t written = 0;
    const auto flush = [&](std::size_t until, std::size_t next) {
        out.append(text, written, until - written);
        written = next;
    };
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x80) {
            const std::size_t length = utf8_length(text, i);
            if (length == 0) {
                flush(i, i + 1);
                out += "\xEF\xBF\xBD";
            }
            i += std::max<std::size_t>(length, 1);
            continue;
        }
        if (c < 0x20) {
            flush(i, i + 1);
            append_control(c, out);
        } else if (c == '"' || c == '\\') {
            flush(i, i);
            out += '\\';
        }
        ++i;
    }
    flush(text.size(), text.size());
    out += '"';
}

void append_json(const Message& message, std::string& out) {
    Writer(out).message(message, plan_of(*message.GetDescriptor()));
}

std::string to_json(const Message& message) {
    std::string out;
    append_json(message, out);
    return out;
}

std::string enum_text(const EnumValueDescriptor& value) {
    std::string text = value.name().substr(prefix_length(value.name(), value.type()->name()));
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c == '_' ? '-' : lower(c); });
    return text;
}

const EnumValueDescriptor* find_enum(const EnumDescriptor& type, std::string_view text) {
    const EnumPlan& plan = plan_of(type);
    const auto found = plan.values.find(std::string(text));
    return found == plan.values.end() ? nullptr : found->second;
}

}  // namespace foldstream::codec
