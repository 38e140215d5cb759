// A field of a row message as a column: its type in Postgres, its text forms, its canonical bytes.
// Worked out once a column; nothing below looks a field up by its name again.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/fold/binary_form.hpp"

namespace foldstream::fold {

// The numbers stand in digests: never give one a new meaning.
enum class ColumnKind : std::uint8_t {
    text = 1,
    boolean = 2,
    int32 = 3,
    int64 = 4,
    float64 = 5,
    bytes = 6,
    enumeration = 7,
    timestamp = 8,
    json = 9,
};

struct Column {
    const google::protobuf::FieldDescriptor* field = nullptr;
    std::string name;       // proto name = column name
    std::string json_name;  // lowerCamelCase
    ColumnKind kind = ColumnKind::text;
    std::string sql_type;   // "text COLLATE \"C\"", "int8", "timestamptz" …
    bool nullable = false;  // what can be told from its default: optional fields, messages, times
};

// Of the arrays that a bulk statement takes for columns of the kind.
PostgresType element_type(ColumnKind kind);

// Reads and writes one column of rows of one message type. Immutable; shared by all threads. The
// rows that it is given must be of the field's message type, and canonical (CanonicalMessage).
class ColumnPlan {
public:
    // Throws std::invalid_argument naming the field when its type has no column form (maps, 64-bit
    // unsigned integers, lists of bytes or floating-point numbers) or its name cannot be a column.
    ColumnPlan(const google::protobuf::Message& prototype,
               const google::protobuf::FieldDescriptor& field);

    [[nodiscard]] const Column& column() const { return column_; }

    // Appends the value as Postgres reads it, without quotes. False = NULL, nothing appended.
    bool append_text(const google::protobuf::Message& row, std::string& out) const;
    // Appends the value as an element of an array literal, quoted where it must be, or NULL.
    void append_array_element(const google::protobuf::Message& row, std::string& out) const;
    // The same for a BinaryArray of element_type(kind).
    void append_binary_element(const google::protobuf::Message& row, std::string& out) const;
    // Sets the field from Postgres' text output; nullopt = NULL. False, the field unspecified: the
    // text is not of the type. Times are those of a session in UTC.
    [[nodiscard]] bool load(google::protobuf::Message& row,
                            std::optional<std::string_view> text) const;

    // Appends kind and value: fixed little endian, or prefixed by a length of 32 bits.
    void append_canonical(const google::protobuf::Message& row, std::string& out) const;

private:
    [[nodiscard]] bool is_null(const google::protobuf::Message& row) const;
    void append_enum(int number, std::string& out) const;
    [[nodiscard]] std::optional<int> parse_enum(std::string_view text) const;
    void append_json_column(const google::protobuf::Message& row, std::string& out) const;
    void append_json_element(const google::protobuf::Message& row, int index,
                             std::string& out) const;
    [[nodiscard]] bool load_text(google::protobuf::Message& row, std::string_view text) const;
    [[nodiscard]] bool load_integer(google::protobuf::Message& row, std::string_view text) const;
    [[nodiscard]] bool load_float(google::protobuf::Message& row, std::string_view text) const;
    [[nodiscard]] bool load_json(google::protobuf::Message& row, std::string_view text) const;
    void append_canonical_json(const google::protobuf::Message& row, std::string& out) const;
    [[nodiscard]] std::int64_t integer(const google::protobuf::Message& row) const;
    [[nodiscard]] double floating(const google::protobuf::Message& row) const;

    const google::protobuf::Reflection* reflection_;  // asking each row for it goes through a lock
    Column column_;
    // Of the enum that the field is, or is a list of: number and text.
    std::vector<std::pair<int, std::string>> enum_texts_;
};

// Appends `text` as a quoted element of a Postgres array literal.
void append_array_text(std::string_view text, std::string& out);

// Throws std::invalid_argument naming `where` unless `name` is one that needs no quotes in SQL but
// for keywords: [a-z][a-z0-9_]*, at most `longest` bytes.
void check_identifier(std::string_view name, std::size_t longest, const std::string& where);

}  // namespace foldstream::fold
