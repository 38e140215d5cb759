// One statement a request: the rows, and what has been applied, out of one snapshot. So no answer
// mixes generations, and none claims a position that its rows do not have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/postgres/connection.hpp"
#include "query-service/position_board.hpp"

namespace foldstream::query {

// What an answer is made from. All sources of one answer have one domain.
struct Scope {
    std::vector<Source> sources;
    std::optional<Partition> partition;  // of the one row asked for, when it is known
};

struct Statement {
    std::string sql;
    postgres::Params params;
};

// The sources' projections as the text of a Postgres array.
std::string array_of_projections(const std::vector<Source>& sources);

// `rows`: a SELECT, ordered; its columns begin at first_row_column of the result. A result without
// rows has one row with NULL in number_column.
Statement with_coverage(const Statement& rows, const Scope& scope);

inline constexpr std::size_t number_column = 1;
inline constexpr std::size_t first_row_column = 2;

std::size_t row_count(const postgres::Result& result);

struct Coverage {
    std::int32_t partition_count = 0;  // 0: the projection has no checkpoint yet
    std::map<Partition, Applied> partitions;
};

// Throws std::runtime_error when the result is not one of with_coverage.
Coverage coverage_of(const postgres::Result& result);

}  // namespace foldstream::query
