#include "query-service/list_plan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "common/core/time_text.hpp"

namespace foldstream::query {

namespace {

using fold::Column;
using fold::ColumnKind;
using Value = Result<std::string, std::string>;  // as Postgres reads it, or why it is none

template <typename T>
std::optional<T> parse_number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Value parse_enum(const Column& column, const std::string& text) {
    const auto& type = *column.field->enum_type();
    const auto* value = codec::find_enum(type, text);
    if (value != nullptr && value->number() != 0) return codec::enum_text(*value);
    std::string all;
    for (int i = 0; i < type.value_count(); ++i) {
        if (type.value(i)->number() == 0) continue;  // "unspecified" is nothing to ask for
        all += (all.empty() ? "" : ", ") + codec::enum_text(*type.value(i));
    }
    return Failure<std::string>{"must be one of " + all};
}

Value parse_value(const Column& column, const std::string& text) {
    if (text.size() > max_value_bytes) {
        return Failure<std::string>{"may have " + std::to_string(max_value_bytes) + " bytes"};
    }
    const auto refuse = [](const char* why) { return Failure<std::string>{why}; };
    switch (column.kind) {
        case ColumnKind::enumeration:
            return parse_enum(column, text);
        case ColumnKind::boolean:
            if (text == "true" || text == "false") return text;
            return refuse("must be true or false");
        case ColumnKind::int32:
            if (const auto n = parse_number<std::int32_t>(text)) return std::to_string(*n);
            return refuse("must be an integer");
        case ColumnKind::int64:
            if (const auto n = parse_number<std::int64_t>(text)) return std::to_string(*n);
            return refuse("must be an integer");
        case ColumnKind::float64:
            if (const auto n = parse_number<double>(text); n && std::isfinite(*n)) return text;
            return refuse("must be a number");
        case ColumnKind::timestamp:
            if (const auto ms = parse_rfc3339(text)) return rfc3339(*ms);
            return refuse("must be a time, for example 2026-01-21T10:30:00Z");
        case ColumnKind::text:
        case ColumnKind::bytes:
        case ColumnKind::json:
            break;
    }
    return text;
}

std::string_view sql_operator(v1::FilterOperator op) {
    switch (op) {
        case v1::FILTER_OPERATOR_AT_LEAST:
            return ">=";
        case v1::FILTER_OPERATOR_AT_MOST:
            return "<=";
        case v1::FILTER_OPERATOR_BEFORE:
            return "<";
        default:
            return "=";
    }
}

std::string quoted(const Column& column) { return '"' + column.name + '"'; }

std::string lower(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
}

}  // namespace

Result<std::size_t, codec::Violation> parse_limit(const Parameters& parameters) {
    std::size_t limit = default_limit;
    for (const auto& [name, text] : parameters) {
        if (name != "limit") continue;
        const auto given = parse_number<std::size_t>(text);
        if (!given || *given < 1 || *given > max_limit) {
            return Failure<codec::Violation>{
                {"limit", "must be an integer from 1 to " + std::to_string(max_limit)}};
        }
        limit = *given;
    }
    return limit;
}

// A page's parameters as they are read.
struct ListPlan::Asked {
    struct Condition {
        const v1::Filter* filter;
        const Column* column;
        std::string value;
    };
    std::map<std::string, Condition> conditions;  // by parameter: one order, whatever the query's
    SortKey sort;
    std::size_t limit = default_limit;
    std::optional<Cursor> cursor;
    Violations violations;

    void refuse(const std::string& field, std::string why) {
        violations.push_back({field, std::move(why)});
    }
};

ListPlan::ListPlan(const fold::Projection& projection)
    : table_(projection),
      reader_(*projection.row_prototype),
      key_(*reader_.find(table_.key().name)) {
    default_sort_ = {key_, false};
    if (projection.options.sort_size() > 0) {
        default_sort_ = {*reader_.find(projection.options.sort(0)), true};
    }
}

Result<ListPage, Violations> ListPlan::page(const Parameters& query,
                                            const Parameters& fixed) const {
    Asked asked;
    asked.sort = default_sort_;
    if (const auto limit = parse_limit(query)) {
        asked.limit = limit.value();
    } else {
        asked.violations.push_back(limit.error());
    }
    std::set<std::string> seen;
    const std::string* cursor = nullptr;
    for (const Parameters* parameters : {&fixed, &query}) {
        for (const auto& parameter : *parameters) {
            if (!seen.insert(parameter.first).second) {
                asked.refuse(parameter.first, "is given twice");
            } else if (parameter.first == "cursor") {
                cursor = &parameter.second;
            } else {
                read(parameter, asked);
            }
        }
    }
    if (cursor != nullptr && asked.violations.empty()) read_cursor(*cursor, asked);
    if (!asked.violations.empty()) return Failure<Violations>{std::move(asked.violations)};
    return ListPage{select(asked), asked.limit, asked.sort, context(asked)};
}

void ListPlan::read(const std::pair<std::string, std::string>& parameter, Asked& asked) const {
    const auto& [name, text] = parameter;
    if (name == "limit") return;
    if (name == "sort") return read_sort(text, asked);
    if (const v1::Filter* filter = find_filter(name)) return read_filter(*filter, text, asked);
    asked.refuse(name, "is no parameter of this list");
}

void ListPlan::read_sort(const std::string& text, Asked& asked) const {
    const bool descending = text.starts_with('-');
    const std::string_view name = std::string_view(text).substr(descending ? 1 : 0);
    std::string all;
    for (const std::string& sortable : table_.projection().options.sort()) {
        const std::size_t column = *reader_.find(sortable);
        const std::string& json_name = table_.columns()[column].json_name;
        if (json_name == name) {
            asked.sort = {column, descending};
            return;
        }
        all += (all.empty() ? "" : ", ") + json_name + ", -" + json_name;
    }
    asked.refuse("sort", "must be one of " + all);
}

void ListPlan::read_filter(const v1::Filter& filter, const std::string& text, Asked& asked) const {
    const Column* column = table_.find(filter.column());
    const Value value = parse_value(*column, filter.lower_case() ? lower(text) : text);
    if (!value) return asked.refuse(filter.parameter(), value.error());
    asked.conditions[filter.parameter()] = {&filter, column, value.value()};
}

void ListPlan::read_cursor(const std::string& text, Asked& asked) const {
    auto cursor = decode_cursor(text, context(asked));
    const bool fits = cursor && reader_.accepts(key_, cursor->key) &&
                      (!cursor->value || reader_.accepts(asked.sort.column, *cursor->value));
    if (!fits) return asked.refuse("cursor", "is not one of this list with these parameters");
    asked.cursor = std::move(cursor);
}

// Times are asked for as they are shown: NULL comes last in ascending, first in descending order
// (as Postgres' indexes have it).
Statement ListPlan::select(const Asked& asked) const {
    Statement made;
    const auto bind = [&made](const std::string& value, const std::string& type) {
        made.params.emplace_back(value);
        return "$" + std::to_string(made.params.size()) + "::" + type;
    };
    std::string where;
    const auto and_where = [](const std::string& all, const std::string& one) {
        return all + (all.empty() ? " WHERE " : " AND ") + one;
    };
    for (const auto& [parameter, condition] : asked.conditions) {
        where = and_where(where, quoted(*condition.column) + " " +
                                     std::string(sql_operator(condition.filter->operator_())) +
                                     " " + bind(condition.value, condition.column->sql_type));
    }
    const Column& sort = table_.columns()[asked.sort.column];
    const Column& key = table_.key();
    const bool by_key = asked.sort.column == key_;
    const std::string direction = asked.sort.descending ? " DESC" : " ASC";
    const std::string order =
        " ORDER BY " + (by_key ? "" : quoted(sort) + direction + ", ") + quoted(key) + direction;
    const std::string limit = " LIMIT " + bind(std::to_string(asked.limit + 1), "int8");
    const auto select_where = [&](const std::string& condition) {
        return "SELECT " + reader_.columns() + " FROM " + table_.view() +
               (condition.empty() ? where : and_where(where, condition)) + order + limit;
    };
    if (!asked.cursor) {
        made.sql = select_where("");
        return made;
    }
    const char* behind = asked.sort.descending ? " < " : " > ";
    const std::string last_key = bind(asked.cursor->key, key.sql_type);
    const std::string key_behind = quoted(key) + behind + last_key;
    const std::string null = quoted(sort) + " IS NULL";
    if (by_key) {
        made.sql = select_where(key_behind);
    } else if (!asked.cursor->value) {
        const std::string rest =
            asked.sort.descending ? " OR " + quoted(sort) + " IS NOT NULL" : "";
        made.sql = select_where("(" + null + " AND " + key_behind + rest + ")");
    } else {
        const std::string behind_value = "(" + quoted(sort) + ", " + quoted(key) + ")" + behind +
                                         "(" + bind(*asked.cursor->value, sort.sql_type) + ", " +
                                         last_key + ")";
        made.sql = select_where(behind_value);
        if (sort.nullable && !asked.sort.descending) {
            // Two index scans instead of one condition with OR that no index serves.
            made.sql = "SELECT * FROM ((" + made.sql + ") UNION ALL (" + select_where(null) +
                       ")) u" + order + limit;
        }
    }
    return made;
}

std::string ListPlan::context(const Asked& asked) const {
    std::string text;
    const auto add = [&text](std::string_view part) {
        text += std::to_string(part.size()) + ":";
        text += part;
    };
    add(table_.projection().name);
    add(table_.columns()[asked.sort.column].name);
    add(asked.sort.descending ? "desc" : "asc");
    for (const auto& [parameter, condition] : asked.conditions) {
        add(parameter);
        add(condition.value);
    }
    return text;
}

std::string ListPlan::body(const ListPage& page, const postgres::Result& result) const {
    const std::size_t found = row_count(result);
    const std::size_t shown = std::min(found, page.limit);
    std::optional<Cursor> next;
    if (found > page.limit) {
        const std::size_t last = shown - 1;
        next.emplace();
        if (const auto value = result.get(last, first_row_column + page.sort.column)) {
            next->value = std::string(*value);
        }
        next->key = result.text(last, first_row_column + key_);
    }
    return page_body(reader_, result, shown, next, page.context, page.limit);
}

std::string page_body(const RowReader& reader, const postgres::Result& result, std::size_t shown,
                      const std::optional<Cursor>& next, const std::string& context,
                      std::size_t limit) {
    std::string body = R"({"data":)";
    reader.append_rows(result, shown, first_row_column, body);
    body += R"(,"page":{"next":)";
    if (next) {
        codec::append_json_string(encode_cursor(*next, context), body);
    } else {
        body += "null";
    }
    return body + R"(,"limit":)" + std::to_string(limit) + "}}";
}

Statement ListPlan::one(const std::string& key) const {
    return {"SELECT " + reader_.columns() + " FROM " + table_.view() + " WHERE " +
                quoted(table_.key()) + " = $1::" + table_.key().sql_type,
            {key}};
}

const v1::Filter* ListPlan::find_filter(const std::string& parameter) const {
    for (const v1::Filter& filter : table_.projection().options.filters()) {
        if (filter.parameter() == parameter) return &filter;
    }
    return nullptr;
}

}  // namespace foldstream::query
