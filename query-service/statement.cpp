#include "query-service/statement.hpp"

#include <charconv>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "common/fold/column.hpp"

namespace foldstream::query {

namespace {

// Reads a number and the character behind it, which may be the end.
class StateText {
public:
    explicit StateText(std::string_view text) : text_(text) {}
    [[nodiscard]] bool more() const { return !text_.empty(); }
    std::int64_t number() {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (error != std::errc()) throw std::runtime_error("a checkpoint's state is no number");
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        if (!text_.empty()) text_.remove_prefix(1);
        return value;
    }

private:
    std::string_view text_;
};

constexpr std::string_view checkpoints =
    " FROM foldstream.projection p JOIN foldstream.checkpoint c ON c.projection = p.name AND "
    "c.generation = p.active_generation WHERE ";

// A SELECT of one row with the column `state`; NULL where there is no checkpoint.
std::string state_of(const Scope& scope, postgres::Params& params) {
    const auto bind = [&params](std::string value) {
        params.emplace_back(std::move(value));
        return "$" + std::to_string(params.size());
    };
    const auto text = [](const std::string& of) {
        return of + ".partition || ':' || " + of + ".sequence || ':' || " + of + ".seen_offset";
    };
    const bool one = scope.sources.size() == 1;
    std::string names;
    std::string where;
    if (one) {
        where = "p.name = " + bind(scope.sources.front().projection) + "::text";
    } else {
        names = bind(array_of_projections(scope.sources)) + "::text[]";
        where = "p.name = ANY(" + names + ")";
    }
    if (scope.partition) {
        where += " AND c.partition = " + bind(std::to_string(scope.partition->value)) + "::int4";
    }
    const std::string from = std::string(checkpoints) + where;
    if (one && scope.partition) {
        return "SELECT (SELECT c.partition_count || '|' || " + text("c") + from + ") AS state";
    }
    if (one) {
        return "SELECT max(c.partition_count) || '|' || string_agg(" + text("c") +
               ", ',' ORDER BY c.partition) AS state" + from;
    }
    // Of several sources the one that is behind counts; one without a checkpoint is at the start.
    const std::string all = "count(*) = cardinality(" + names + ")";
    return "SELECT max(s.partition_count) || '|' || string_agg(" + text("s") +
           ", ',' ORDER BY s.partition) AS state FROM (SELECT c.partition, max(c.partition_count) "
           "AS partition_count, CASE WHEN " +
           all + " THEN min(c.sequence) ELSE 0 END AS sequence, CASE WHEN " + all +
           " THEN min(c.seen_offset) ELSE 0 END AS seen_offset" + from + " GROUP BY c.partition) s";
}

}  // namespace

std::string array_of_projections(const std::vector<Source>& sources) {
    std::string array = "{";
    for (const Source& source : sources) {
        if (array.size() > 1) array += ',';
        fold::append_array_text(source.projection, array);
    }
    return array + "}";
}

// "<partitions>|<partition>:<sequence>:<seen>,…" in one value, once: on the first row. What is
// simpler to say for one source, and for one row, costs Postgres half of what the rest does.
Statement with_coverage(const Statement& rows, const Scope& scope) {
    Statement made{"", rows.params};
    const std::string state = state_of(scope, made.params);
    made.sql = scope.partition ? "SELECT f.state, r.* FROM (" + state +
                                     ") f LEFT JOIN (SELECT 1 AS foldstream_n, q.* FROM (" +
                                     rows.sql + ") q) r ON true"
                               : "SELECT CASE WHEN coalesce(r.foldstream_n, 1) = 1 THEN f.state "
                                 "END, r.* FROM (" +
                                     state +
                                     ") f LEFT JOIN (SELECT row_number() OVER () AS foldstream_n, "
                                     "q.* FROM (" +
                                     rows.sql + ") q) r ON true ORDER BY r.foldstream_n";
    return made;
}

std::size_t row_count(const postgres::Result& result) {
    if (result.rows() == 1 && !result.get(0, number_column)) return 0;
    return result.rows();
}

Coverage coverage_of(const postgres::Result& result) {
    Coverage coverage;
    if (result.rows() == 0) throw std::runtime_error("an answer's statement gave nothing");
    const auto state = result.get(0, 0);
    if (!state) return coverage;
    StateText text(*state);
    coverage.partition_count = static_cast<std::int32_t>(text.number());
    while (text.more()) {
        const Partition partition(static_cast<std::int32_t>(text.number()));
        const Sequence sequence(static_cast<std::uint64_t>(text.number()));
        coverage.partitions[partition] = {sequence, Offset(text.number())};
    }
    return coverage;
}

}  // namespace foldstream::query
