#include "query-service/search_list.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace foldstream::query {

namespace {

bool is_rank(const std::string& text) {
    float rank = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rank);
    return error == std::errc() && end == text.data() + text.size() && rank >= 0;
}

// The words of q, or why there is nothing to look for.
Result<std::vector<std::string>, std::string> read_words(const std::string& text) {
    if (text.size() > max_search_bytes) {
        return Failure<std::string>{"may have " + std::to_string(max_search_bytes) + " bytes"};
    }
    std::vector<std::string> words = fold::search_words(text);
    if (words.empty()) {
        return Failure<std::string>{"must have a word: letters or digits"};
    }
    if (words.size() > max_search_words) {
        return Failure<std::string>{"may have " + std::to_string(max_search_words) + " words"};
    }
    return words;
}

}  // namespace

SearchList::SearchList(const ListPlan& list)
    : list_(list),
      plan_(fold::SearchPlan::of(list.table()).value()),
      key_(*list.reader().find(list.table().key().name)) {}

Result<SearchPage, Violations> SearchList::page(const Parameters& query) const {
    Violations violations;
    std::set<std::string> seen;
    const std::string* asked = nullptr;
    const std::string* cursor_text = nullptr;
    for (const auto& [name, text] : query) {
        if (!seen.insert(name).second) {
            violations.push_back({name, "is given twice"});
        } else if (name == "q") {
            asked = &text;
        } else if (name == "cursor") {
            cursor_text = &text;
        } else if (name != "limit") {
            violations.push_back({name, "is no parameter of this search"});
        }
    }
    const auto limit = parse_limit(query);
    if (!limit) violations.push_back(limit.error());
    if (asked == nullptr) violations.push_back({"q", "is what is searched for, and is missing"});
    const auto words = read_words(asked == nullptr ? "-" : *asked);
    if (asked != nullptr && !words) violations.push_back({"q", words.error()});
    if (!violations.empty()) return Failure<Violations>{std::move(violations)};

    SearchPage page;
    page.limit = limit.value();
    page.context = plan_.view() + " " + fold::search_query(words.value());
    std::optional<Cursor> cursor;
    if (cursor_text != nullptr) {
        cursor = decode_cursor(*cursor_text, page.context);
        if (!cursor || !cursor->value || !is_rank(*cursor->value) ||
            !list_.reader().accepts(key_, cursor->key)) {
            return Failure<Violations>{{{"cursor", "is not one of this search with these words"}}};
        }
    }
    page.rows = select(words.value(), page.limit, cursor);
    return page;
}

// A row and its words are written in one transaction, so the page can be cut before the rows are
// fetched.
Statement SearchList::select(const std::vector<std::string>& words, std::size_t limit,
                             const std::optional<Cursor>& cursor) const {
    Statement made;
    const auto bind = [&made](const std::string& value, const std::string& type) {
        made.params.emplace_back(value);
        return "$" + std::to_string(made.params.size()) + "::" + type;
    };
    const fold::Column& key_column = list_.table().key();
    const std::string key = '"' + key_column.name + '"';
    const std::string query =
        "to_tsquery('simple', " + bind(fold::search_query(words), "text") + ")";
    std::string behind;
    if (cursor) {
        const std::string rank = bind(*cursor->value, "float4");
        behind = " WHERE m.foldstream_rank < " + rank + " OR (m.foldstream_rank = " + rank +
                 " AND m." + key + " > " + bind(cursor->key, key_column.sql_type) + ")";
    }
    std::string columns;
    for (const auto& plan : list_.reader().plans()) {
        columns += "o.\"" + plan.column().name + "\", ";
    }
    made.sql = "SELECT " + columns + "s.foldstream_rank FROM (SELECT m.* FROM (SELECT w." + key +
               ", ts_rank(w.words, q.asked) AS foldstream_rank FROM " + plan_.view() + " w, " +
               query + " AS q(asked) WHERE w.words @@ q.asked) m" + behind +
               " ORDER BY m.foldstream_rank DESC, m." + key + " LIMIT " +
               bind(std::to_string(limit + 1), "int8") + ") s JOIN " + list_.table().view() +
               " o ON o." + key + " = s." + key + " ORDER BY s.foldstream_rank DESC, s." + key;
    return made;
}

std::string SearchList::body(const SearchPage& page, const postgres::Result& result) const {
    const std::size_t found = row_count(result);
    const std::size_t shown = std::min(found, page.limit);
    std::optional<Cursor> next;
    if (found > page.limit) {
        const std::size_t rank = first_row_column + list_.reader().plans().size();
        next =
            Cursor{result.text(shown - 1, rank), result.text(shown - 1, first_row_column + key_)};
    }
    return page_body(list_.reader(), result, shown, next, page.context, page.limit);
}

}  // namespace foldstream::query
