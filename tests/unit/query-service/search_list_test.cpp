#include "query-service/search_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domains/registry.hpp"

namespace foldstream::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class OrderSearch : public ::testing::Test {
protected:
    std::vector<std::string> refused(const Parameters& query) const {
        const auto page = search_.page(query);
        std::vector<std::string> fields;
        if (page) return fields;
        for (const auto& violation : page.error()) fields.push_back(violation.field);
        return fields;
    }

    ListPlan list_{*domains::registry().find_projection("orders")};
    SearchList search_{list_};
};

TEST_F(OrderSearch, asks_for_every_word_as_a_beginning_the_best_rows_first) {
    const auto page = search_.page({{"q", "Ann  exam"}});
    ASSERT_TRUE(page);
    EXPECT_THAT(page->rows.params, ElementsAre("'Ann':* & 'exam':*", "51"));
    EXPECT_THAT(page->rows.sql, HasSubstr("to_tsquery('simple', $1::text)"));
    EXPECT_THAT(page->rows.sql, HasSubstr("JOIN read.orders o ON"));
    EXPECT_THAT(page->rows.sql, HasSubstr("ORDER BY m.foldstream_rank DESC, m.\"order_id\" LIMIT "
                                          "$2::int8"));
}

TEST_F(OrderSearch, never_puts_what_is_asked_into_the_statement) {
    const auto page = search_.page({{"q", "x'); DROP TABLE read.orders; --"}});
    ASSERT_TRUE(page);
    EXPECT_THAT(page->rows.sql, Not(HasSubstr("DROP")));
    EXPECT_EQ(page->rows.params[0], "'x':* & 'DROP':* & 'TABLE':* & 'read':* & 'orders':*");
}

TEST_F(OrderSearch, names_every_parameter_that_it_refuses) {
    EXPECT_THAT(refused({}), ElementsAre("q"));
    EXPECT_THAT(refused({{"q", ""}}), ElementsAre("q"));
    EXPECT_THAT(refused({{"q", " '\"!&|():*"}}), ElementsAre("q"));
    EXPECT_THAT(refused({{"q", std::string(max_search_bytes + 1, 'x')}}), ElementsAre("q"));
    EXPECT_THAT(refused({{"q", std::string(max_search_bytes, 'x')}}), ElementsAre());
    std::string words;
    for (std::size_t i = 0; i < max_search_words; ++i) words += "w ";
    EXPECT_THAT(refused({{"q", words}}), ElementsAre());
    EXPECT_THAT(refused({{"q", words + "w"}}), ElementsAre("q"));
    EXPECT_THAT(refused({{"q", "a"}, {"q", "b"}}), ElementsAre("q"));
    EXPECT_THAT(refused({{"q", "a"}, {"status", "paid"}, {"limit", "0"}}),
                ElementsAre("status", "limit"));
    EXPECT_THAT(refused({{"q", "a"}, {"cursor", "x"}}), ElementsAre("cursor"));
}

TEST_F(OrderSearch, goes_on_behind_the_cursors_row_of_the_same_words_only) {
    const auto first = search_.page({{"q", "ann"}});
    const std::string cursor = encode_cursor({"0.6079271", "o1"}, first->context);
    const auto next = search_.page({{"q", "ann!"}, {"cursor", cursor}, {"limit", "7"}});
    ASSERT_TRUE(next);
    EXPECT_THAT(next->rows.params, ElementsAre("'ann':*", "0.6079271", "o1", "8"));
    EXPECT_THAT(next->rows.sql, HasSubstr("m.foldstream_rank < $2::float4 OR"));
    EXPECT_THAT(refused({{"q", "bob"}, {"cursor", cursor}}), ElementsAre("cursor"));
    for (const Cursor& odd :
         {Cursor{"x", "o1"}, Cursor{"-1", "o1"}, Cursor{"nan", "o1"}, Cursor{std::nullopt, "o1"}}) {
        EXPECT_THAT(refused({{"q", "ann"}, {"cursor", encode_cursor(odd, first->context)}}),
                    ElementsAre("cursor"));
    }
}

}  // namespace
}  // namespace foldstream::query
