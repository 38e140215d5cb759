#include "common/fold/search_plan.hpp"

#include <algorithm>
#include <array>

#include "common/fold/sql_text.hpp"

namespace foldstream::fold {

namespace {

// Everything of ASCII that can be seen and is neither letter nor digit. Postgres' parser would take
// some of it for parts of e-mail addresses, hosts, paths and numbers, whose parts are then not
// found. (What cannot be seen parts words there anyway.)
constexpr std::string_view separators = R"(!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~)";

bool is_part_of_a_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           byte >= 0x80;
}

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c;
        if (c == '\'') out += c;
    }
    return out + "'";
}

// The first field's words count most.
char weight_of(std::size_t field) {
    constexpr std::array<char, 4> weights = {'A', 'B', 'C', 'D'};
    return weights[std::min(field, weights.size() - 1)];
}

}  // namespace

std::string search_table_name(std::string_view table) { return std::string(table) + "_search"; }

std::optional<SearchPlan> SearchPlan::of(const TablePlan& base) {
    if (base.projection().options.search().empty()) return std::nullopt;
    return SearchPlan(base);
}

SearchPlan::SearchPlan(const TablePlan& base) : base_(&base) {
    for (const std::string& name : base.projection().options.search()) {
        fields_.push_back(base.find(name));
    }
}

std::string SearchPlan::key() const { return quoted(base_->key().name); }

std::string SearchPlan::table(Generation generation) const {
    const std::string name = search_table_name(base_->projection().options.table());
    return "read_gen." + generation_name(name, generation);
}

std::string SearchPlan::view() const {
    return "read." + search_table_name(base_->projection().options.table());
}

std::vector<std::string> SearchPlan::create_table(Generation generation) const {
    const std::string name =
        generation_name(search_table_name(base_->projection().options.table()), generation);
    return {"CREATE TABLE " + table(generation) + " (" + key() + " " + base_->key().sql_type +
                " NOT NULL, words tsvector NOT NULL)",
            "ALTER TABLE " + table(generation) + " ADD CONSTRAINT " + name + "_pkey PRIMARY KEY (" +
                key() + ")",
            "CREATE INDEX " + name + "_words ON " + table(generation) + " USING gin (words)"};
}

std::string SearchPlan::create_view(Generation generation) const {
    return "CREATE OR REPLACE VIEW " + view() + " AS SELECT " + key() + ", words FROM " +
           table(generation);
}

std::string SearchPlan::words(std::string_view from, bool parted) const {
    std::string all;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (i > 0) all += " || ";
        std::string text = std::string(from) + "." + quoted(fields_[i]->name);
        if (!parted) {
            if (fields_[i]->nullable) text = "coalesce(" + text + ", '')";
            text = "translate(" + text + ", " + literal(separators) + ", '" +
                   std::string(separators.size(), ' ') + "')";
        }
        all += "setweight(to_tsvector('simple', left(" + text + ", " +
               std::to_string(longest_field) + ")), '" + weight_of(i) + "')";
    }
    return all;
}

std::string SearchPlan::fill(Generation generation) const {
    return "INSERT INTO " + table(generation) + " (" + key() + ", words) SELECT r." + key() + ", " +
           words("r", false) + " FROM " + base_->table(generation) + " r";
}

std::string SearchPlan::upsert(Generation generation) const {
    Unnest unnest;
    unnest.add(base_->key().name, "text");
    for (const Column* field : fields_) unnest.add(field->name, "text");
    return "INSERT INTO " + table(generation) + " (" + key() + ", words) SELECT u." + key() + ", " +
           words("u", true) + " FROM " + unnest.text() + " ON CONFLICT (" + key() +
           ") DO UPDATE SET words = excluded.words";
}

std::string SearchPlan::erase(Generation generation) const {
    return "DELETE FROM " + table(generation) + " WHERE " + key() + " = ANY($1::text[])";
}

void SearchPlan::append_array_element(std::size_t field, const Message& row,
                                      std::string& out) const {
    std::string text = row.GetReflection()->GetString(row, fields_[field]->field);
    for (char& c : text) c = is_part_of_a_word(c) ? c : ' ';
    append_array_text(text, out);
}

std::string SearchPlan::text(const Message& row) const {
    std::string all;
    std::string scratch;
    for (const Column* field : fields_) {
        const std::string& text =
            row.GetReflection()->GetStringReference(row, field->field, &scratch);
        all += std::to_string(text.size());
        all += ':';
        all += text;
    }
    return all;
}

std::vector<std::string> search_words(std::string_view text) {
    std::vector<std::string> words;
    bool inside = false;
    for (const char c : text) {
        if (!is_part_of_a_word(c)) {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        words.back() += c;
    }
    return words;
}

// In quotes, because characters beyond ASCII may be spaces to Postgres: it then makes a phrase of
// their neighbours, or leaves out what is no word at all.
std::string search_query(const std::vector<std::string>& words) {
    std::string query;
    for (const std::string& word : words) {
        if (!query.empty()) query += " & ";
        query += "'" + word + "':*";
    }
    return query;
}

}  // namespace foldstream::fold
