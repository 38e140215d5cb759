// The parameters of a bulk statement: an array for each column in Postgres' binary form, filled row
// by row.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/fold/binary_form.hpp"
#include "common/postgres/connection.hpp"

namespace foldstream::projector {

class BinaryParams {
public:
    explicit BinaryParams(const std::vector<fold::PostgresType>& columns)
        : arrays_(columns.begin(), columns.end()) {}

    // Where the column's next element is to be appended.
    std::string& next(std::size_t column) { return arrays_[column].next(); }
    [[nodiscard]] bool empty() const { return rows() == 0; }
    [[nodiscard]] std::size_t rows() const { return arrays_.front().elements(); }

    postgres::Params params() && {
        postgres::Params params;
        params.reserve(arrays_.size());
        for (fold::BinaryArray& array : arrays_) params.emplace_back(std::move(array).bytes());
        return params;
    }

private:
    std::vector<fold::BinaryArray> arrays_;
};

}  // namespace foldstream::projector
