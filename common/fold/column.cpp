#include "common/fold/column.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "common/codec/json.hpp"
#include "common/core/time_text.hpp"
#include "common/fold/canonical_message.hpp"

namespace foldstream::fold {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

constexpr std::size_t longest_column_name = 63;  // NAMEDATALEN - 1
constexpr std::string_view hex_digits = "0123456789abcdef";

[[noreturn]] void refuse(const FieldDescriptor& field, const std::string& why) {
    throw std::invalid_argument(field.full_name() + ": " + why);
}

ColumnKind element_kind(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return ColumnKind::int32;
        case FieldDescriptor::CPPTYPE_INT64:
        case FieldDescriptor::CPPTYPE_UINT32:
            return ColumnKind::int64;
        case FieldDescriptor::CPPTYPE_UINT64:
            refuse(field, "unsigned 64-bit integers have no column form");
        case FieldDescriptor::CPPTYPE_FLOAT:
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return ColumnKind::float64;
        case FieldDescriptor::CPPTYPE_BOOL:
            return ColumnKind::boolean;
        case FieldDescriptor::CPPTYPE_ENUM:
            return ColumnKind::enumeration;
        case FieldDescriptor::CPPTYPE_STRING:
            return field.type() == FieldDescriptor::TYPE_BYTES ? ColumnKind::bytes
                                                               : ColumnKind::text;
        case FieldDescriptor::CPPTYPE_MESSAGE:
            break;
    }
    const bool time = field.message_type()->full_name() == "google.protobuf.Timestamp";
    return time ? ColumnKind::timestamp : ColumnKind::json;
}

ColumnKind kind_of(const FieldDescriptor& field) {
    if (field.is_map()) refuse(field, "maps have no column form");
    const ColumnKind kind = element_kind(field);
    if (!field.is_repeated()) return kind;
    if (kind == ColumnKind::float64 || kind == ColumnKind::bytes) {
        refuse(field, "lists of bytes or floating-point numbers have no column form");
    }
    return ColumnKind::json;
}

std::string sql_type_of(ColumnKind kind) {
    switch (kind) {
        case ColumnKind::text:
        case ColumnKind::enumeration:
            return "text COLLATE \"C\"";
        case ColumnKind::boolean:
            return "bool";
        case ColumnKind::int32:
            return "int4";
        case ColumnKind::int64:
            return "int8";
        case ColumnKind::float64:
            return "float8";
        case ColumnKind::bytes:
            return "bytea";
        case ColumnKind::timestamp:
            return "timestamptz";
        case ColumnKind::json:
            break;
    }
    return "jsonb";
}

template <typename Number>
void append_number(Number value, std::string& out) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), end.ptr);
}

void append_float(double value, std::string& out) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "Infinity" : "-Infinity";
    } else {
        append_number(value, out);
    }
}

void append_hex(std::string_view bytes, std::string& out) {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += hex_digits[byte >> 4U];
        out += hex_digits[byte & 0x0FU];
    }
}

std::optional<std::string> parse_hex(std::string_view text) {
    if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
    text.remove_prefix(2);
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::size_t high = hex_digits.find(text[i]);
        const std::size_t low = hex_digits.find(text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

// 2026-01-21 10:30:00.123456+00, its offset also with minutes; RFC 3339 as well. Nothing for
// infinity and years before our era.
std::optional<std::int64_t> parse_time(std::string_view text) {
    constexpr std::size_t date_length = 10;
    if (text.size() <= date_length) return std::nullopt;
    std::string rfc(text);
    if (rfc[date_length] == ' ') rfc[date_length] = 'T';
    const char sign = rfc[rfc.size() - 3];
    if (sign == '+' || sign == '-') rfc += ":00";
    return parse_rfc3339(rfc);
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

template <typename Number>
void append_little_endian(Number value, std::string& out) {
    std::array<char, sizeof(Number)> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    out.append(bytes.data(), bytes.size());
}

void append_prefixed(std::string_view bytes, std::string& out) {
    append_little_endian(static_cast<std::uint32_t>(bytes.size()), out);
    out += bytes;
}

void append_deterministic(const Message& message, std::string& out) {
    const std::size_t size = message.ByteSizeLong();
    append_little_endian(static_cast<std::uint32_t>(size), out);
    const std::size_t at = out.size();
    out.resize(at + size);
    google::protobuf::io::ArrayOutputStream stream(out.data() + at, static_cast<int>(size));
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeWithCachedSizes(&coded);
}

}  // namespace

void append_array_text(std::string_view text, std::string& out) {
    out += '"';
    std::size_t written = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '"' && text[i] != '\\') continue;
        out += text.substr(written, i - written);
        out += '\\';
        written = i;
    }
    out += text.substr(written);
    out += '"';
}

void check_identifier(std::string_view name, std::size_t longest, const std::string& where) {
    const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
    bool sound = !name.empty() && name.size() <= longest && small(name.front());
    for (const char c : name) sound = sound && (small(c) || (c >= '0' && c <= '9') || c == '_');
    if (!sound) {
        throw std::invalid_argument(where + ": \"" + std::string(name) +
                                    "\" cannot be a name in Postgres: [a-z][a-z0-9_]*, at most " +
                                    std::to_string(longest) + " bytes");
    }
}

ColumnPlan::ColumnPlan(const Message& prototype, const FieldDescriptor& field)
    : reflection_(prototype.GetReflection()) {
    check_identifier(field.name(), longest_column_name, field.full_name());
    column_.field = &field;
    column_.name = field.name();
    column_.json_name = field.json_name();
    column_.kind = kind_of(field);
    column_.sql_type = sql_type_of(column_.kind);
    column_.nullable = field.has_presence();
    if (const auto* type = field.enum_type()) {
        for (int i = 0; i < type->value_count(); ++i) {
            enum_texts_.emplace_back(type->value(i)->number(), codec::enum_text(*type->value(i)));
        }
    }
}

bool ColumnPlan::is_null(const Message& row) const {
    return column_.nullable && !reflection_->HasField(row, column_.field);
}

std::int64_t ColumnPlan::integer(const Message& row) const {
    const Reflection& reflection = *reflection_;
    switch (column_.field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return reflection.GetInt32(row, column_.field);
        case FieldDescriptor::CPPTYPE_UINT32:
            return reflection.GetUInt32(row, column_.field);
        default:
            return reflection.GetInt64(row, column_.field);
    }
}

double ColumnPlan::floating(const Message& row) const {
    const Reflection& reflection = *reflection_;
    return column_.field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT
               ? static_cast<double>(reflection.GetFloat(row, column_.field))
               : reflection.GetDouble(row, column_.field);
}

void ColumnPlan::append_enum(int number, std::string& out) const {
    for (const auto& [known, text] : enum_texts_) {
        if (known == number) {
            out += text;
            return;
        }
    }
    append_number(number, out);
}

std::optional<int> ColumnPlan::parse_enum(std::string_view text) const {
    for (const auto& [number, known] : enum_texts_) {
        if (known == text) return number;
    }
    return std::nullopt;
}

bool ColumnPlan::append_text(const Message& row, std::string& out) const {
    if (is_null(row)) return false;
    const Reflection& reflection = *reflection_;
    std::string scratch;
    switch (column_.kind) {
        case ColumnKind::text:
            out += reflection.GetStringReference(row, column_.field, &scratch);
            break;
        case ColumnKind::boolean:
            out += reflection.GetBool(row, column_.field) ? 't' : 'f';
            break;
        case ColumnKind::int32:
        case ColumnKind::int64:
            append_number(integer(row), out);
            break;
        case ColumnKind::float64:
            append_float(floating(row), out);
            break;
        case ColumnKind::bytes:
            out += "\\x";
            append_hex(reflection.GetStringReference(row, column_.field, &scratch), out);
            break;
        case ColumnKind::enumeration:
            append_enum(reflection.GetEnumValue(row, column_.field), out);
            break;
        case ColumnKind::timestamp:
            out += rfc3339(time_ms(reflection.GetMessage(row, column_.field)));
            break;
        case ColumnKind::json:
            append_json_column(row, out);
            break;
    }
    return true;
}

void ColumnPlan::append_array_element(const Message& row, std::string& out) const {
    if (is_null(row)) {
        out += "NULL";
        return;
    }
    switch (column_.kind) {
        case ColumnKind::boolean:
        case ColumnKind::int32:
        case ColumnKind::int64:
        case ColumnKind::float64:
        case ColumnKind::timestamp:
            append_text(row, out);  // nothing in them needs quotes
            return;
        case ColumnKind::text: {
            std::string scratch;
            append_array_text(reflection_->GetStringReference(row, column_.field, &scratch), out);
            return;
        }
        case ColumnKind::bytes:
        case ColumnKind::enumeration:
        case ColumnKind::json: {
            std::string text;
            append_text(row, text);
            append_array_text(text, out);
            return;
        }
    }
}

void ColumnPlan::append_json_column(const Message& row, std::string& out) const {
    const Reflection& reflection = *reflection_;
    if (!column_.field->is_repeated()) {
        codec::append_json(reflection.GetMessage(row, column_.field), out);
        return;
    }
    const int size = reflection.FieldSize(row, column_.field);
    out += '[';
    for (int i = 0; i < size; ++i) {
        if (i > 0) out += ',';
        append_json_element(row, i, out);
    }
    out += ']';
}

void ColumnPlan::append_json_element(const Message& row, int index, std::string& out) const {
    const Reflection& reflection = *reflection_;
    const FieldDescriptor* field = column_.field;
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
            return codec::append_json(reflection.GetRepeatedMessage(row, field, index), out);
        case FieldDescriptor::CPPTYPE_INT32:
            return append_number(reflection.GetRepeatedInt32(row, field, index), out);
        case FieldDescriptor::CPPTYPE_INT64:
            return append_number(reflection.GetRepeatedInt64(row, field, index), out);
        case FieldDescriptor::CPPTYPE_UINT32:
            return append_number(reflection.GetRepeatedUInt32(row, field, index), out);
        case FieldDescriptor::CPPTYPE_BOOL:
            out += reflection.GetRepeatedBool(row, field, index) ? "true" : "false";
            return;
        case FieldDescriptor::CPPTYPE_ENUM: {
            std::string text;
            append_enum(reflection.GetRepeatedEnumValue(row, field, index), text);
            return codec::append_json_string(text, out);
        }
        default: {
            std::string scratch;
            return codec::append_json_string(
                reflection.GetRepeatedStringReference(row, field, index, &scratch), out);
        }
    }
}

bool ColumnPlan::load(Message& row, std::optional<std::string_view> text) const {
    if (text) return load_text(row, *text);
    reflection_->ClearField(&row, column_.field);
    return column_.nullable;
}

bool ColumnPlan::load_text(Message& row, std::string_view text) const {
    const Reflection& reflection = *reflection_;
    switch (column_.kind) {
        case ColumnKind::text:
            reflection.SetString(&row, column_.field, std::string(text));
            return true;
        case ColumnKind::boolean:
            reflection.SetBool(&row, column_.field, text == "t");
            return text == "t" || text == "f";
        case ColumnKind::int32:
        case ColumnKind::int64:
            return load_integer(row, text);
        case ColumnKind::float64:
            return load_float(row, text);
        case ColumnKind::bytes: {
            auto bytes = parse_hex(text);
            if (bytes) reflection.SetString(&row, column_.field, std::move(*bytes));
            return bytes.has_value();
        }
        case ColumnKind::enumeration: {
            const auto number = parse_enum(text);
            if (number) reflection.SetEnumValue(&row, column_.field, *number);
            return number.has_value();
        }
        case ColumnKind::timestamp: {
            const auto ms = parse_time(text);
            if (ms) set_time_ms(*reflection.MutableMessage(&row, column_.field), *ms);
            return ms.has_value();
        }
        case ColumnKind::json:
            break;
    }
    return load_json(row, text);
}

bool ColumnPlan::load_integer(Message& row, std::string_view text) const {
    const Reflection& reflection = *reflection_;
    const auto set = [&](const auto& number, auto setter) {
        if (number) (reflection.*setter)(&row, column_.field, *number);
        return number.has_value();
    };
    switch (column_.field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return set(parse_number<std::int32_t>(text), &Reflection::SetInt32);
        case FieldDescriptor::CPPTYPE_UINT32:
            return set(parse_number<std::uint32_t>(text), &Reflection::SetUInt32);
        default:
            return set(parse_number<std::int64_t>(text), &Reflection::SetInt64);
    }
}

bool ColumnPlan::load_float(Message& row, std::string_view text) const {
    const auto number = parse_number<double>(text);
    if (!number) return false;
    if (column_.field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
        reflection_->SetDouble(&row, column_.field, canonical(*number));
        return true;
    }
    if (std::isfinite(*number) && std::abs(*number) > std::numeric_limits<float>::max()) {
        return false;
    }
    reflection_->SetFloat(&row, column_.field, canonical(static_cast<float>(*number)));
    return true;
}

bool ColumnPlan::load_json(Message& row, std::string_view text) const {
    // What stands in the table has been stored by us: jsonb's own bounds, not those of the door.
    static constexpr codec::JsonLimits limits{128, std::size_t{256} << 20U};
    const Reflection& reflection = *reflection_;
    if (!column_.field->is_repeated()) {
        return codec::parse_json(text, *reflection.MutableMessage(&row, column_.field), limits)
            .empty();
    }
    std::string wrapped = "{";
    codec::append_json_string(column_.json_name, wrapped);
    wrapped += ':';
    wrapped += text;
    wrapped += '}';
    const std::unique_ptr<Message> read(row.New());
    if (!codec::parse_json(wrapped, *read, limits).empty()) return false;
    reflection.ClearField(&row, column_.field);
    reflection.SwapFields(&row, read.get(), {column_.field});
    return read->ByteSizeLong() == 0;  // else the text was more than one value
}

void ColumnPlan::append_canonical(const Message& row, std::string& out) const {
    constexpr unsigned null_flag = 0x80;
    const auto kind = static_cast<unsigned>(column_.kind);
    const bool null = is_null(row);
    out += static_cast<char>(null ? kind | null_flag : kind);
    if (null) return;
    const Reflection& reflection = *reflection_;
    std::string scratch;
    switch (column_.kind) {
        case ColumnKind::text:
        case ColumnKind::bytes:
            return append_prefixed(reflection.GetStringReference(row, column_.field, &scratch),
                                   out);
        case ColumnKind::boolean:
            out += static_cast<char>(reflection.GetBool(row, column_.field));
            return;
        case ColumnKind::int32:
            return append_little_endian(static_cast<std::int32_t>(integer(row)), out);
        case ColumnKind::int64:
            return append_little_endian(integer(row), out);
        case ColumnKind::float64:
            return append_little_endian(std::bit_cast<std::uint64_t>(floating(row)), out);
        case ColumnKind::enumeration:
            return append_little_endian(reflection.GetEnumValue(row, column_.field), out);
        case ColumnKind::timestamp:
            return append_little_endian(time_ms(reflection.GetMessage(row, column_.field)), out);
        case ColumnKind::json:
            return append_canonical_json(row, out);
    }
}

// Messages by their deterministic Protobuf bytes, behind a count when there may be several.
void ColumnPlan::append_canonical_json(const Message& row, std::string& out) const {
    const Reflection& reflection = *reflection_;
    const FieldDescriptor* field = column_.field;
    if (!field->is_repeated()) {
        return append_deterministic(reflection.GetMessage(row, field), out);
    }
    const int size = reflection.FieldSize(row, field);
    append_little_endian(static_cast<std::uint32_t>(size), out);
    for (int i = 0; i < size; ++i) {
        if (field->message_type() != nullptr) {
            append_deterministic(reflection.GetRepeatedMessage(row, field, i), out);
        } else {
            std::string element;
            append_json_element(row, i, element);
            append_prefixed(element, out);
        }
    }
}

}  // namespace foldstream::fold
