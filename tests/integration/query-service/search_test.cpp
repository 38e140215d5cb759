// Search as a client sees it, on a real Postgres.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query-service/search_list.hpp"
#include "tests/integration/query-service/serving.hpp"

namespace foldstream::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Search : public Serving {
protected:
    void put(int number, const std::string& name, const std::string& email,
             const std::string& address) {
        auto row = ReadModels::order(number);
        row.set_customer_name(name);
        row.set_customer_email(email);
        row.set_shipping_address(address);
        models_.put(row);
    }
    Answer search(const std::string& q) { return get("/api/v1/orders/search?q=" + q); }
    std::vector<std::string> found(const std::string& q) {
        const Answer answer = search(q);
        EXPECT_EQ(answer.status, 200) << q << ": " << answer.body;
        return answer.status == 200 ? ids(answer) : std::vector<std::string>();
    }
};

TEST_F(Search, finds_rows_that_have_every_word_or_one_that_begins_with_it) {
    put(1, "Ann O'Neil", "ann.oneil@example.org", "7/b Elm Street");
    put(2, "Annabel Lee", "lee@poe.example.com", "Sea Road 1");
    put(3, "Bob Zo\xc3\xab", "bob@example.org", "Elm Alley 9");
    start();
    EXPECT_THAT(found("ann"), UnorderedElementsAre("o1001", "o1002"));
    EXPECT_THAT(found("ANN+elm"), ElementsAre("o1001"));
    EXPECT_THAT(found("example"), UnorderedElementsAre("o1001", "o1002", "o1003"));
    EXPECT_THAT(found("oneil@exam"), ElementsAre("o1001")) << "a part of an address";
    EXPECT_THAT(found("Zo%C3%AB"), ElementsAre("o1003"));
    EXPECT_THAT(found("zo"), ElementsAre("o1003"));
    EXPECT_THAT(found("the"), ElementsAre());
    EXPECT_THAT(found("nn"), ElementsAre()) << "not in the middle of a word";
    EXPECT_EQ(search("nobody").body, R"({"data":[],"page":{"next":null,"limit":50}})");
}

TEST_F(Search, ranks_what_is_found_in_the_name_above_the_rest) {
    put(1, "Bob", "bob@example.org", "Rose Street");
    put(2, "Rose", "r@example.org", "Elm Street");
    put(3, "Eve", "rose@example.org", "Elm Street");
    start();
    EXPECT_THAT(found("rose"), ElementsAre("o1002", "o1003", "o1001"));
}

TEST_F(Search, pages_through_every_row_once) {
    std::vector<std::string> all;
    for (int n = 0; n < 23; ++n) {
        put(n, n % 3 == 0 ? "Ann" : "Bob", "x@example.org", n % 2 == 0 ? "Ann Street" : "Ann Ann");
        all.push_back("o" + std::to_string(1000 + n));
    }
    start();
    const auto whole = found("ann");
    EXPECT_THAT(whole, ::testing::UnorderedElementsAreArray(all));
    for (const char* limit : {"1", "4", "22", "23", "24"})
        EXPECT_EQ(all_pages(std::string("/api/v1/orders/search?q=ann&limit=") + limit), whole);
    const std::string cursor = next(get("/api/v1/orders/search?q=ann&limit=4"));
    EXPECT_EQ(get("/api/v1/orders/search?q=bob&cursor=" + cursor).status, 400);
    EXPECT_EQ(get("/api/v1/orders?cursor=" + cursor).status, 400);
}

TEST_F(Search, states_its_freshness_like_a_list) {
    put(1, "Ann", "ann@example.org", "");
    start();
    ASSERT_TRUE(soon([&] { return ready(); }));
    const Answer answer = search("ann");
    EXPECT_EQ(answer.header("foldstream-position"),
              "orders:0:10,orders:1:11,orders:2:12,orders:3:13");
    EXPECT_EQ(answer.header("foldstream-lag-ms"), "0");
    EXPECT_EQ(get("/api/v1/orders/search?q=ann", {{"If-None-Match", answer.header("etag")}}).status,
              304);
    {
        const std::lock_guard lock(logs_->mutex);
        logs_->ends[Partition(2)] = Offset(30);
    }
    const Answer late = get("/api/v1/orders/search?q=ann",
                            {{"Foldstream-After", "orders:2:14"}, {"Prefer", "wait=0"}});
    EXPECT_EQ(late.status, 503);
    EXPECT_EQ(late.code(), "not-caught-up");
}

TEST_F(Search, takes_any_text_and_breaks_at_none) {
    put(1, "Ann", "ann@example.org", "Elm");
    start();
    for (const char* harmless :
         {"ann'",       "'ann",       "ann''",        "%22ann%22", "ann%5C",   "%5C%5C%20ann",
          "ann%3A*",    "!ann",       "ann%26",       "%7Cann",    "(ann",     "ann)",
          "ann%3C-%3E", "ann%3C2%3E", "%24%31ann%2F", "%25ann",    "ann%3B--", "ann%09",
          "ann%0D%0A",  "ann%01",     "ann%7F"}) {
        const Answer answer = search(harmless);
        EXPECT_EQ(answer.status, 200) << harmless << ": " << answer.body;
    }
    EXPECT_THAT(found("!ann"), ElementsAre("o1001")) << "no operator";
    EXPECT_THAT(found("ann|nobody"), ElementsAre()) << "no operator";
    // What only looks like a word to us, and is none to Postgres.
    for (const char* odd : {"%C2%A0", "%E2%80%94", "%E2%80%A8", "%F0%9F%A6%89", "%E3%80%80",
                            "%CC%81", "%EF%BB%BF", "a%C2%A0b", "x%F0%9F%A6%89y"}) {
        EXPECT_EQ(search(odd).status, 200) << odd << ": " << search(odd).body;
    }
    EXPECT_THAT(found("ann%C2%A0"), ElementsAre("o1001"));
    for (const char* refused : {"", "%20", "'", "%22%5C!%26", "ann&q=bob", "ann&status=paid",
                                "ann&limit=0", "ann&cursor=x", "ann%00", "%FF", "%C3"}) {
        const Answer answer = search(refused);
        EXPECT_EQ(answer.status, 400) << refused << ": " << answer.body;
    }
    EXPECT_EQ(get("/api/v1/orders/search").status, 400);
    const Answer wide = search(std::string(257, 'x'));
    EXPECT_EQ(wide.code(), "invalid");
    EXPECT_THAT(wide.body, HasSubstr(R"({"field":"q","message":"may have 256 bytes"})"));
    EXPECT_EQ(search(std::string(256, 'x')).status, 200);
}

TEST_F(Search, does_not_show_what_was_deleted) {
    put(1, "Ann", "ann@example.org", "Elm");
    start();
    ASSERT_THAT(found("ann"), ElementsAre("o1001"));
    models_.exec("DELETE FROM read_gen.orders_search_g1");
    models_.exec("DELETE FROM read_gen.orders_g1");
    EXPECT_THAT(found("ann"), ElementsAre());
}

TEST_F(Search, finds_the_words_by_their_index) {
    models_.exec(
        "INSERT INTO read_gen.orders_search_g1 SELECT 'x' || n, to_tsvector('simple', 'n' || n) "
        "FROM "
        "generate_series(1, 20000) n");
    models_.exec("ANALYZE read_gen.orders_search_g1");
    const ListPlan list(*domains::registry().find_projection("orders"));
    const SearchList search(list);
    const auto page = search.page({{"q", "n777"}});
    postgres::Connection connection = models_.database().connect();
    const auto plan = connection.exec("EXPLAIN " + page->rows.sql, page->rows.params);
    std::string text;
    for (std::size_t i = 0; i < plan.rows(); ++i) text += plan.text(i, 0) + "\n";
    EXPECT_THAT(text, HasSubstr("orders_search_g1_words"));
}

}  // namespace
}  // namespace foldstream::query
