#include "query-service/list_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domains/registry.hpp"
#include "query-service/named_query_plan.hpp"

namespace foldstream::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class OrderList : public ::testing::Test {
protected:
    ListPage page(const Parameters& query, const Parameters& fixed = {}) const {
        auto page = plan_.page(query, fixed);
        EXPECT_TRUE(page) << page.error().front().field;
        return page.value();
    }
    std::vector<std::string> refused(const Parameters& query, const Parameters& fixed = {}) const {
        const auto page = plan_.page(query, fixed);
        std::vector<std::string> fields;
        if (page) return fields;
        for (const auto& violation : page.error()) fields.push_back(violation.field);
        return fields;
    }

    ListPlan plan_{*domains::registry().find_projection("orders")};
};

TEST_F(OrderList, is_newest_first_and_asks_for_one_row_more_than_it_shows) {
    const ListPage all = page({});
    EXPECT_THAT(all.rows.sql, HasSubstr("FROM read.orders ORDER BY \"created_at\" DESC, "
                                        "\"order_id\" DESC LIMIT $1::int8"));
    EXPECT_EQ(all.rows.params, (postgres::Params{"51"}));
}

TEST_F(OrderList, never_puts_a_value_into_the_statement) {
    const ListPage list = page({{"customerId", "'; DROP TABLE x; --"},
                                {"status", "paid"},
                                {"minTotal", "7"},
                                {"from", "2026-01-21T11:00:00+01:00"}});
    EXPECT_THAT(list.rows.sql, Not(HasSubstr("DROP")));
    EXPECT_EQ(list.rows.params, (postgres::Params{"'; DROP TABLE x; --", "2026-01-21T10:00:00.000Z",
                                                  "7", "paid", "51"}));
}

TEST_F(OrderList, compares_e_mails_in_lower_case_but_no_other_text) {
    EXPECT_EQ(page({{"customerEmail", "Ann@X.org"}}).rows.params[0], "ann@x.org");
    EXPECT_EQ(page({{"customerId", "Ann"}}).rows.params[0], "Ann");
}

TEST_F(OrderList, names_every_parameter_that_it_refuses) {
    EXPECT_THAT(refused({{"colour", "red"}, {"status", "sold"}, {"limit", "0"}}),
                ElementsAre("limit", "colour", "status"));
    for (const auto& [name, value] :
         Parameters{{"limit", "501"},
                    {"limit", "-1"},
                    {"limit", "1e2"},
                    {"limit", ""},
                    {"minTotal", "9223372036854775808"},
                    {"minTotal", "1.5"},
                    {"minTotal", " 1"},
                    {"from", "yesterday"},
                    {"from", "2026-02-30"},
                    {"status", ""},
                    {"status", "unspecified"},
                    {"sort", "customerName"},
                    {"sort", "--createdAt"},
                    {"sort", "created_at"},
                    {"customerId", std::string(max_value_bytes + 1, 'x')},
                    {"cursor", "x"},
                    {"", "x"}}) {
        EXPECT_THAT(refused({{name, value}}), ElementsAre(name)) << name << "=" << value;
    }
}

TEST_F(OrderList, refuses_a_parameter_given_twice_by_query_or_path) {
    EXPECT_THAT(refused({{"status", "paid"}, {"status", "paid"}}), ElementsAre("status"));
    EXPECT_THAT(refused({{"status", "paid"}}, {{"status", "paid"}}), ElementsAre("status"));
    EXPECT_THAT(refused({{"limit", "1"}, {"limit", "2"}}), ElementsAre("limit"));
}

TEST_F(OrderList, goes_on_behind_the_cursors_row) {
    const ListPage first = page({{"status", "paid"}});
    const std::string cursor = encode_cursor({"2026-01-21 10:00:00+00", "o1"}, first.context);
    const ListPage next = page({{"status", "paid"}, {"cursor", cursor}, {"limit", "7"}});
    EXPECT_THAT(next.rows.sql, HasSubstr("(\"created_at\", \"order_id\") < ("));
    EXPECT_THAT(next.rows.params, ElementsAre("paid", "8", "o1", "2026-01-21 10:00:00+00"));
}

TEST_F(OrderList, takes_a_cursor_with_the_same_filters_and_order_only) {
    const std::string cursor =
        encode_cursor({"2026-01-21 10:00:00+00", "o1"}, page({{"status", "paid"}}).context);
    EXPECT_THAT(refused({{"cursor", cursor}}), ElementsAre("cursor"));
    EXPECT_THAT(refused({{"status", "pending"}, {"cursor", cursor}}), ElementsAre("cursor"));
    EXPECT_THAT(refused({{"status", "paid"}, {"sort", "createdAt"}, {"cursor", cursor}}),
                ElementsAre("cursor"));
    EXPECT_TRUE(refused({{"cursor", cursor}, {"status", "PAID"}}).empty());
}

TEST_F(OrderList, takes_no_cursor_whose_value_is_not_of_the_sort_column) {
    const std::string context = page({}).context;
    EXPECT_THAT(refused({{"cursor", encode_cursor({"not a time", "o1"}, context)}}),
                ElementsAre("cursor"));
}

TEST(NamedQuery, takes_no_parameter_but_its_limit) {
    for (const auto& query : domains::registry().find("orders")->queries) {
        const NamedQueryPlan plan(query);
        EXPECT_TRUE(plan.ask({}));
        EXPECT_FALSE(plan.ask({{"status", "paid"}}));
        EXPECT_EQ(static_cast<bool>(plan.ask({{"limit", "3"}})), query.limited);
        EXPECT_FALSE(plan.ask({{"limit", "0"}}));
        EXPECT_FALSE(plan.ask({{"limit", "3"}, {"limit", "3"}}));
    }
}

}  // namespace
}  // namespace foldstream::query
