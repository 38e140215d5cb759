// The side table by which a read model is searched: the words of the row's search fields, by key.
// Beside the rows' own table, because an index on words would keep every update of a row from being
// HOT; so it is written only when a row's text is another. Immutable; shared by all threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/ids.hpp"
#include "common/fold/table_plan.hpp"

namespace foldstream::fold {

// A word is a run of letters and digits: every other character of ASCII parts words, in what is
// searched and in what is asked for alike. Case does not count. Names and ids are no language:
// nothing is stemmed, and no word is left out as too common.
class SearchPlan {
public:
    // Behind so many characters a field is not searched.
    static constexpr int longest_field = 16'384;

    // Nothing when the read model has no search fields. The base must outlive the plan.
    static std::optional<SearchPlan> of(const TablePlan& base);

    // read_gen.<table>_search_g<generation>
    [[nodiscard]] std::string table(Generation generation) const;
    // read.<table>_search: the key, and "words".
    [[nodiscard]] std::string view() const;
    [[nodiscard]] std::vector<std::string> create_table(Generation generation) const;
    [[nodiscard]] std::string create_view(Generation generation) const;
    // INSERT … SELECT from the rows' own table: for a generation that is searched from now on.
    [[nodiscard]] std::string fill(Generation generation) const;
    // INSERT … unnest … ON CONFLICT DO UPDATE; parameters: keys, then each field's texts, as array
    // literals. (The texts come parted into words, because SQL takes three times as long for it.)
    [[nodiscard]] std::string upsert(Generation generation) const;
    // DELETE … WHERE key = ANY($1::text[])
    [[nodiscard]] std::string erase(Generation generation) const;

    [[nodiscard]] std::size_t fields() const { return fields_.size(); }
    // The i-th field's words as an element of an array literal; absent = empty.
    void append_array_element(std::size_t field, const Message& row, std::string& out) const;
    // All that is searched of a row, in one text: two rows with equal ones have the same words.
    [[nodiscard]] std::string text(const Message& row) const;

private:
    explicit SearchPlan(const TablePlan& base);
    // The row's words as SQL over the columns of `from`, which may be parted already; an earlier
    // field weighs more.
    [[nodiscard]] std::string words(std::string_view from, bool parted) const;
    [[nodiscard]] std::string key() const;

    const TablePlan* base_;
    std::vector<const Column*> fields_;
};

// The name of the table that belongs to a searched table.
std::string search_table_name(std::string_view table);

// The words that are asked for. `text` is UTF-8.
std::vector<std::string> search_words(std::string_view text);

// What to_tsquery('simple', …) takes: rows that have every word, or one that begins with it. The
// words must be search_words': nothing in them can be taken for an operator.
std::string search_query(const std::vector<std::string>& words);

}  // namespace foldstream::fold
