// A read model's list: which parameters it takes, and the SQL that they give. Derived from the row
// message's annotations.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/codec/json.hpp"
#include "common/core/result.hpp"
#include "common/fold/table_plan.hpp"
#include "query-service/cursor.hpp"
#include "query-service/row_reader.hpp"
#include "query-service/statement.hpp"

namespace foldstream::query {

inline constexpr std::size_t default_limit = 50;
inline constexpr std::size_t max_limit = 500;
inline constexpr std::size_t max_value_bytes = 1024;  // of a parameter

using Parameters = std::vector<std::pair<std::string, std::string>>;
using Violations = std::vector<codec::Violation>;

// 1 to max_limit, default_limit when it is not given.
Result<std::size_t, codec::Violation> parse_limit(const Parameters& parameters);

// {"data":[…],"page":{"next":…,"limit":…}} of the first `shown` rows; `next`: where the next page
// begins, none behind the last one.
std::string page_body(const RowReader& reader, const postgres::Result& result, std::size_t shown,
                      const std::optional<Cursor>& next, const std::string& context,
                      std::size_t limit);

struct SortKey {
    std::size_t column = 0;
    bool descending = false;

    bool operator==(const SortKey&) const = default;
};

// One page asked for. The statement asks for one row more than `limit`: whether there is a next
// page.
struct ListPage {
    Statement rows;
    std::size_t limit = default_limit;
    SortKey sort;
    std::string context;  // which cursors belong to it
};

// Immutable, any thread.
class ListPlan {
public:
    // Throws std::invalid_argument naming what the annotations got wrong. The projection must
    // outlive the plan.
    explicit ListPlan(const fold::Projection& projection);

    // `fixed`: parameters that the path gives; the query may not give them again.
    [[nodiscard]] Result<ListPage, Violations> page(const Parameters& query,
                                                    const Parameters& fixed) const;
    // {"data":[…],"page":{"next":…,"limit":…}}
    [[nodiscard]] std::string body(const ListPage& page, const postgres::Result& result) const;

    // The one row with this key, or none.
    [[nodiscard]] Statement one(const std::string& key) const;

    [[nodiscard]] const RowReader& reader() const { return reader_; }
    [[nodiscard]] const fold::TablePlan& table() const { return table_; }

private:
    struct Asked;

    void read(const std::pair<std::string, std::string>& parameter, Asked& asked) const;
    void read_sort(const std::string& text, Asked& asked) const;
    void read_filter(const v1::Filter& filter, const std::string& text, Asked& asked) const;
    void read_cursor(const std::string& text, Asked& asked) const;
    [[nodiscard]] Statement select(const Asked& asked) const;
    [[nodiscard]] std::string context(const Asked& asked) const;
    [[nodiscard]] const v1::Filter* find_filter(const std::string& parameter) const;

    fold::TablePlan table_;
    RowReader reader_;
    std::size_t key_;
    SortKey default_sort_;
};

}  // namespace foldstream::query
