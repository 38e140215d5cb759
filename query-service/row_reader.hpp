// From Postgres' text columns to JSON objects, along plans made once.
#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/fold/column.hpp"
#include "common/postgres/connection.hpp"

namespace foldstream::query {

// For one row message; a result's columns are the message's fields in its order. Immutable, any
// thread. Throws std::runtime_error naming the column when a value is not of its type (the table
// and this binary disagree).
class RowReader {
public:
    // Throws std::invalid_argument naming a field that has no column form.
    explicit RowReader(const google::protobuf::Message& prototype);

    // Appends rows [0, count) as a JSON array. `first_column`: of the row message's.
    void append_rows(const postgres::Result& result, std::size_t count, std::size_t first_column,
                     std::string& out) const;
    // Appends one row as a JSON object.
    void append_row(const postgres::Result& result, std::size_t row, std::size_t first_column,
                    std::string& out) const;
    // The columns' names, quoted, separated by commas.
    [[nodiscard]] const std::string& columns() const { return columns_; }
    [[nodiscard]] const std::vector<fold::ColumnPlan>& plans() const { return plans_; }
    // The column's place, or none.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
    // Whether the text is a value of the column.
    [[nodiscard]] bool accepts(std::size_t column, std::string_view text) const;

private:
    void load(const postgres::Result& result, std::size_t row, std::size_t first_column,
              google::protobuf::Message& into) const;

    const google::protobuf::Message& prototype_;
    std::vector<fold::ColumnPlan> plans_;
    std::string columns_;
};

}  // namespace foldstream::query
