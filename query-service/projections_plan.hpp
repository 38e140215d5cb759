// What /projections answers: where every partition of a projection stands, and how far behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "query-service/answer.hpp"
#include "query-service/position_board.hpp"
#include "query-service/statement.hpp"

namespace foldstream::query {

// One request's; any thread. The board must outlive it.
class ProjectionsPlan {
public:
    ProjectionsPlan(std::vector<Source> asked, const PositionBoard& board);

    [[nodiscard]] Statement statement() const;
    // {"data":[…],"page":…} with every projection asked for that the database knows.
    [[nodiscard]] Found all(const postgres::Result& result) const;
    // The one asked for, or 404.
    [[nodiscard]] Found one(const postgres::Result& result) const;

private:
    // Appends the projection of the rows from `row` on; gives the first row behind it.
    std::size_t append(const postgres::Result& result, std::size_t row, std::string& out,
                       std::vector<Covered>& covered) const;
    void append_partition(const postgres::Result& result, std::optional<std::size_t> row,
                          const std::string& projection, const Covered& one,
                          std::string& out) const;
    // `row`: of its checkpoint, if there is one.
    static Covered covered_at(const postgres::Result& result, std::optional<std::size_t> row,
                              const std::string& domain, Partition partition);
    [[nodiscard]] std::optional<std::int64_t> lag_records(const Covered& one) const;

    std::vector<Source> asked_;
    const PositionBoard& board_;
};

}  // namespace foldstream::query
