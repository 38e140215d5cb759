// A read model's search: rows that have every word asked for, or one that begins with it; the best
// first.
#pragma once

#include <string>
#include <vector>

#include "common/fold/search_plan.hpp"
#include "query-service/list_plan.hpp"

namespace foldstream::query {

inline constexpr std::size_t max_search_bytes = 256;
inline constexpr std::size_t max_search_words = 16;

// One page asked for; as with ListPage, one row more than `limit`.
struct SearchPage {
    Statement rows;
    std::size_t limit = default_limit;
    std::string context;  // which cursors belong to it
};

// Parameters: q, limit, cursor. Immutable, any thread.
class SearchList {
public:
    // The list's read model must have search fields; the list must outlive this.
    explicit SearchList(const ListPlan& list);

    [[nodiscard]] Result<SearchPage, Violations> page(const Parameters& query) const;
    // {"data":[…],"page":{"next":…,"limit":…}}
    [[nodiscard]] std::string body(const SearchPage& page, const postgres::Result& result) const;

private:
    [[nodiscard]] Statement select(const std::vector<std::string>& words, std::size_t limit,
                                   const std::optional<Cursor>& cursor) const;

    const ListPlan& list_;
    fold::SearchPlan plan_;
    std::size_t key_;
};

}  // namespace foldstream::query
