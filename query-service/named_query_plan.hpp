// A domain's query that filters cannot express: its SQL, and the shape of its answer.
#pragma once

#include <string>

#include "common/core/result.hpp"
#include "common/fold/domain.hpp"
#include "query-service/list_plan.hpp"

namespace foldstream::query {

// A query without limit that gives more rows than this is not one for a page: an error.
inline constexpr std::size_t max_named_rows = 10'000;

// Immutable, any thread. The query must outlive the plan.
class NamedQueryPlan {
public:
    explicit NamedQueryPlan(const fold::NamedQuery& query);

    struct Asked {
        Statement rows;
        std::size_t limit = 0;  // 0: the query has none
    };
    [[nodiscard]] Result<Asked, Violations> ask(const Parameters& parameters) const;
    // {"data":[…]}, with "page" when it is limited, and with its totals. Throws std::runtime_error
    // when it has too many rows.
    [[nodiscard]] std::string body(const Asked& asked, const postgres::Result& result) const;

private:
    const fold::NamedQuery& query_;
    RowReader reader_;
};

}  // namespace foldstream::query
