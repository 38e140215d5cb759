// The parameters of a bulk statement: a Postgres array literal for each column, filled row by row.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/postgres/connection.hpp"

namespace foldstream::projector {

class ArrayParams {
public:
    explicit ArrayParams(std::size_t columns) : texts_(columns, "{") {}

    // Where the column's next element is to be appended.
    std::string& next(std::size_t column) {
        if (texts_[column].size() > 1) texts_[column].push_back(',');
        return texts_[column];
    }
    [[nodiscard]] bool empty() const { return texts_.front().size() == 1; }

    postgres::Params params() && {
        postgres::Params params;
        for (std::string& text : texts_) {
            text.push_back('}');
            params.emplace_back(std::move(text));
        }
        return params;
    }

private:
    std::vector<std::string> texts_;
};

}  // namespace foldstream::projector
