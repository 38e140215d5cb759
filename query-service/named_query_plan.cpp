#include "query-service/named_query_plan.hpp"

#include <stdexcept>

namespace foldstream::query {

NamedQueryPlan::NamedQueryPlan(const fold::NamedQuery& query)
    : query_(query), reader_(*query.row_prototype) {}

Result<NamedQueryPlan::Asked, Violations> NamedQueryPlan::ask(const Parameters& parameters) const {
    Violations violations;
    bool limited = false;
    for (const auto& [name, value] : parameters) {
        if (!query_.limited || name != "limit") {
            violations.push_back({name, "is no parameter of this query"});
        } else if (limited) {
            violations.push_back({name, "is given twice"});
        } else {
            limited = true;
        }
    }
    const auto limit = parse_limit(parameters);
    if (query_.limited && !limit) violations.push_back(limit.error());
    if (!violations.empty()) return Failure<Violations>{std::move(violations)};
    Asked asked;
    if (query_.limited) {
        asked.limit = limit.value();
        asked.rows = {query_.sql, {std::to_string(asked.limit)}};
    } else {
        const std::string bound = std::to_string(max_named_rows + 1);
        asked.rows = {"SELECT * FROM (" + query_.sql + ") bounded LIMIT " + bound, {}};
    }
    return asked;
}

std::string NamedQueryPlan::body(const Asked& asked, const postgres::Result& result) const {
    const std::size_t count = row_count(result);
    if (count > max_named_rows) {
        throw std::runtime_error("query " + query_.path + " gives more rows than are answered");
    }
    std::string body = R"({"data":)";
    reader_.append_rows(result, count, first_row_column, body);
    for (const auto& [name, column] : query_.totals) {
        std::int64_t total = 0;
        const std::size_t place = first_row_column + *reader_.find(column);
        for (std::size_t row = 0; row < count; ++row) total += result.integer(row, place);
        body += ',';
        codec::append_json_string(name, body);
        body += ':' + std::to_string(total);
    }
    if (asked.limit > 0) {
        body += R"(,"page":{"next":null,"limit":)" + std::to_string(asked.limit) + "}";
    }
    return body + "}";
}

}  // namespace foldstream::query
