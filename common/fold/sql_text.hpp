// Pieces of SQL that tables and rollups have in common. Inside common/fold only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/core/ids.hpp"
#include "common/fold/column.hpp"

namespace foldstream::fold {

// Leaves room in Postgres' 63 bytes for "_g<generation>" and the suffix of an index.
inline constexpr std::size_t longest_table_name = 40;

// A column's name may be a keyword.
std::string quoted(std::string_view name);

// "orders_g1" of table "orders" and generation 1.
std::string generation_name(std::string_view table, Generation generation);

// A comma-separated list.
class SqlList {
public:
    SqlList& add(std::string_view item);
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

// The element type of the array parameter that carries the column: without collation, and text for
// what is cast behind unnest.
std::string_view parameter_type(const Column& column);

// unnest($1::text[], …) AS u("a", …), parameters from $1.
class Unnest {
public:
    void add(std::string_view name, std::string_view type);
    [[nodiscard]] std::string text() const;

private:
    SqlList arrays_;
    SqlList names_;
    int count_ = 0;
};

}  // namespace foldstream::fold
