#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/fold/table_plan.hpp"
#include "foldstream/orders/v1/rows.pb.h"
#include "tests/unit/common/fold/described.hpp"

namespace foldstream::fold {
namespace {

using orders::v1::CustomerRow;
using orders::v1::OrderRow;
using orders::v1::OrderSummaryRow;
using testing::described;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Generation first{1};

class Rollup : public ::testing::Test {
protected:
    Rollup() {
        projection_.name = "orders";
        projection_.row_prototype = &OrderRow::default_instance();
        projection_.options = OrderRow::descriptor()->options().GetExtension(v1::row);
    }

    static RollupType type_of(const Message& prototype) {
        RollupType type;
        type.prototype = &prototype;
        type.options = prototype.GetDescriptor()->options().GetExtension(v1::rollup);
        return type;
    }

    // Why the plan of the rollup message is refused; empty: it is not.
    std::string refusal(const std::string& options, const std::string& fields) {
        const TablePlan base(projection_);
        const RollupType type =
            type_of(described("message_type { name: \"Sums\" options { "
                              "[foldstream.v1.rollup] { " +
                              options + " } } " + fields + " }"));
        try {
            const RollupPlan plan(base, type);
        } catch (const std::invalid_argument& refused) {
            return refused.what();
        }
        return "";
    }

    Projection projection_;
};

// A field of the message that refusal() describes.
std::string field(const std::string& name, int number, const std::string& type,
                  const std::string& role, const std::string& more = "") {
    return "field { name: \"" + name + "\" number: " + std::to_string(number) + " type: " + type +
           " label: LABEL_OPTIONAL options { [foldstream.v1.rollup_field]: ROLLUP_FIELD_" + role +
           " } " + more + " } ";
}

const std::string key = field("currency", 1, "TYPE_STRING", "KEY");
const std::string count = field("orders", 2, "TYPE_INT64", "COUNT");

TEST_F(Rollup, counts_and_sums_its_rows_exactly) {
    RollupType type = type_of(OrderSummaryRow::default_instance());
    type.contribute = [](const Message& message) -> std::unique_ptr<Message> {
        const auto& row = static_cast<const OrderRow&>(message);
        auto summary = std::make_unique<OrderSummaryRow>();
        summary->set_status(row.status());
        summary->set_currency(row.currency());
        summary->set_orders(1);
        summary->set_revenue_minor(row.total_minor());
        return summary;
    };
    const TablePlan base(projection_);
    const RollupPlan plan(base, type);
    OrderRow row;
    row.set_status(orders::v1::ORDER_STATUS_PAID);
    row.set_currency("EUR");
    row.set_total_minor(4200);
    const auto added = plan.delta(row, 1);
    ASSERT_TRUE(added);
    EXPECT_THAT(added->keys, ElementsAre("paid", "EUR"));
    EXPECT_EQ(added->count, 1);
    ASSERT_EQ(added->sums.size(), 1U);
    EXPECT_TRUE(added->sums[0] == 4200);
    const auto retracted = plan.delta(row, -1);
    EXPECT_EQ(retracted->count, -1);
    EXPECT_TRUE(retracted->sums[0] == -4200);

    row.set_total_minor(std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(plan.delta(row, -1)->sums[0] == static_cast<__int128>(1) << 63U);
}

TEST_F(Rollup, takes_nothing_from_a_row_that_contributes_nothing) {
    RollupType type = type_of(CustomerRow::default_instance());
    type.contribute = [](const Message&) { return nullptr; };
    const TablePlan base(projection_);
    const RollupPlan plan(base, type);
    EXPECT_EQ(plan.delta(OrderRow(), 1), std::nullopt);
}

TEST_F(Rollup, of_small_integers_is_widened_before_it_is_negated) {
    const Message& prototype = described(
        "message_type { name: \"Sums\" options { [foldstream.v1.rollup] { table: \"sums\" } } " +
        key + count + field("small", 3, "TYPE_INT32", "SUM") + "}");
    RollupType type = type_of(prototype);
    type.contribute = [&](const Message&) {
        std::unique_ptr<Message> made(prototype.New());
        const auto* descriptor = made->GetDescriptor();
        made->GetReflection()->SetInt64(made.get(), descriptor->FindFieldByName("orders"), 1);
        made->GetReflection()->SetInt32(made.get(), descriptor->FindFieldByName("small"),
                                        std::numeric_limits<std::int32_t>::min());
        return made;
    };
    const TablePlan base(projection_);
    const RollupPlan plan(base, type);
    EXPECT_TRUE(plan.delta(OrderRow(), -1)->sums[0] == static_cast<__int128>(1) << 31U);
}

TEST_F(Rollup, kept_by_partition_is_summed_by_its_view) {
    const RollupType type = type_of(OrderSummaryRow::default_instance());
    const TablePlan base(projection_);
    const RollupPlan plan(base, type);
    EXPECT_EQ(plan.table(first), "read_gen.order_summary_g1");
    EXPECT_EQ(plan.view(), "read.order_summary");
    EXPECT_THAT(
        plan.create_table(first),
        ElementsAre(
            R"(CREATE TABLE read_gen.order_summary_g1 (_partition int2 NOT NULL, "status" text COLLATE "C" NOT NULL, "currency" text COLLATE "C" NOT NULL, "orders" int8 NOT NULL, "revenue_minor" numeric NOT NULL) WITH (fillfactor = 90))",
            R"(ALTER TABLE read_gen.order_summary_g1 ADD CONSTRAINT order_summary_g1_pkey PRIMARY KEY (_partition, "status", "currency"))"));
    EXPECT_EQ(
        plan.create_view(first),
        R"(CREATE OR REPLACE VIEW read.order_summary AS SELECT r."status", r."currency", r."orders", r."revenue_minor", (round(revenue_minor / orders)) AS "average_minor" FROM (SELECT "status", "currency", sum("orders")::int8 AS "orders", sum("revenue_minor")::numeric AS "revenue_minor" FROM read_gen.order_summary_g1 GROUP BY "status", "currency") r)");
    EXPECT_EQ(
        plan.upsert(first),
        R"(INSERT INTO read_gen.order_summary_g1 AS t ("_partition", "status", "currency", "orders", "revenue_minor") SELECT u."_partition", u."status", u."currency", u."orders", u."revenue_minor" FROM unnest($1::int2[], $2::text[], $3::text[], $4::int8[], $5::numeric[]) AS u("_partition", "status", "currency", "orders", "revenue_minor") ON CONFLICT (_partition, "status", "currency") DO UPDATE SET "orders" = t."orders" + excluded."orders", "revenue_minor" = t."revenue_minor" + excluded."revenue_minor")");
    EXPECT_EQ(
        plan.erase_empty(first),
        R"(DELETE FROM read_gen.order_summary_g1 WHERE (_partition, "status", "currency") IN (SELECT u."_partition", u."status", u."currency" FROM unnest($1::int2[], $2::text[], $3::text[]) AS u("_partition", "status", "currency")) AND "orders" = 0)");
}

TEST_F(Rollup, takes_names_and_times_from_the_newest_row_of_its_group) {
    const RollupType type = type_of(CustomerRow::default_instance());
    const TablePlan base(projection_);
    const RollupPlan plan(base, type);
    EXPECT_THAT(
        plan.create_table(first),
        ElementsAre(
            R"(CREATE TABLE read_gen.customers_g1 ("customer_id" text COLLATE "C" NOT NULL, "currency" text COLLATE "C" NOT NULL, "orders" int8 NOT NULL, "spent_minor" numeric NOT NULL) WITH (fillfactor = 90))",
            R"(ALTER TABLE read_gen.customers_g1 ADD CONSTRAINT customers_g1_pkey PRIMARY KEY ("customer_id", "currency"))"));
    EXPECT_EQ(
        plan.create_view(first),
        R"(CREATE OR REPLACE VIEW read.customers AS SELECT r."customer_id", l."customer_name", l."customer_email", r."currency", r."orders", r."spent_minor", l."last_order_at" FROM read_gen.customers_g1 r LEFT JOIN LATERAL (SELECT b."customer_name" AS "customer_name", b."customer_email" AS "customer_email", b."created_at" AS "last_order_at" FROM read_gen.orders_g1 b WHERE b."customer_id" = r."customer_id" AND b."currency" = r."currency" AND (status <> 'cancelled') ORDER BY b."created_at" DESC, b."order_id" DESC LIMIT 1) l ON true)");
    EXPECT_EQ(
        plan.upsert(first),
        R"(INSERT INTO read_gen.customers_g1 AS t ("customer_id", "currency", "orders", "spent_minor") SELECT u."customer_id", u."currency", u."orders", u."spent_minor" FROM unnest($1::text[], $2::text[], $3::int8[], $4::numeric[]) AS u("customer_id", "currency", "orders", "spent_minor") ON CONFLICT ("customer_id", "currency") DO UPDATE SET "orders" = t."orders" + excluded."orders", "spent_minor" = t."spent_minor" + excluded."spent_minor")");
    EXPECT_EQ(
        plan.erase_empty(first),
        R"(DELETE FROM read_gen.customers_g1 WHERE ("customer_id", "currency") IN (SELECT u."customer_id", u."currency" FROM unnest($1::text[], $2::text[]) AS u("customer_id", "currency")) AND "orders" = 0)");
    EXPECT_EQ(plan.columns().size(), 7U);
    EXPECT_EQ(plan.measures().front().name, "orders");
    EXPECT_EQ(plan.keys().size(), 2U);
}

TEST_F(Rollup, puts_its_count_before_its_sums_wherever_it_stands) {
    const Message& prototype = described(
        "message_type { name: \"Sums\" options { [foldstream.v1.rollup] { table: \"sums\" } } " +
        field("total", 4, "TYPE_INT64", "SUM") + key + count + "}");
    const RollupType type = type_of(prototype);
    const TablePlan base(projection_);
    const RollupPlan plan(base, type);
    EXPECT_EQ(plan.measures().front().name, "orders");
    EXPECT_EQ(plan.columns().front().name, "total");
}

TEST_F(Rollup, with_fields_of_the_wrong_type_is_refused_by_name) {
    const std::string table = "table: \"sums\"";
    EXPECT_EQ(refusal(table, key + count), "");
    EXPECT_THAT(refusal("table: \"S\"", key + count), HasSubstr("Sums: \"S\" cannot be a name"));
    EXPECT_THAT(refusal(table, key), HasSubstr("Sums: a rollup has exactly one count"));
    EXPECT_THAT(refusal(table, key + count + field("more", 3, "TYPE_INT64", "COUNT")),
                HasSubstr("Sums: a rollup has exactly one count"));
    EXPECT_THAT(refusal(table, count), HasSubstr("Sums: a rollup has a group key"));
    EXPECT_THAT(refusal(table, key + field("n", 2, "TYPE_INT32", "COUNT")),
                HasSubstr("Sums.n: a count is an int64"));
    EXPECT_THAT(refusal(table, key + count + field("n", 3, "TYPE_DOUBLE", "SUM")),
                HasSubstr("Sums.n: a sum is of signed integers"));
    EXPECT_THAT(refusal(table, count + field("n", 3, "TYPE_DOUBLE", "KEY")),
                HasSubstr("Sums.n: a group key is"));
    EXPECT_THAT(refusal(table, key + count + field("n", 3, "TYPE_INT64", "UNSPECIFIED")),
                HasSubstr("Sums.n: it has no (foldstream.v1.rollup_field)"));
}

TEST_F(Rollup, with_a_view_column_from_nowhere_is_refused_by_name) {
    const std::string shown = key + count + field("shown", 3, "TYPE_INT64", "VIEW");
    EXPECT_THAT(refusal("table: \"sums\"", shown), HasSubstr("Sums.shown: nothing fills it"));
    const std::string derived = "derived { column: \"shown\" expression: \"orders * 2\" } ";
    EXPECT_EQ(refusal("table: \"sums\" " + derived, shown), "");
    EXPECT_THAT(refusal("table: \"sums\" " + derived + derived, shown),
                HasSubstr("Sums.shown: the view fills it twice"));
    EXPECT_THAT(refusal("table: \"sums\" derived { column: \"orders\" expression: \"1\" }", shown),
                HasSubstr("Sums.orders: the view fills it, but it is no"));
    EXPECT_THAT(refusal("table: \"sums\" derived { column: \"none\" expression: \"1\" }", shown),
                HasSubstr("Sums.none: the view fills it, but it is no"));
    EXPECT_THAT(refusal("table: \"sums\" derived { column: \"shown\" }", shown),
                HasSubstr("shown: it is derived from nothing"));
}

TEST_F(Rollup, whose_newest_row_is_not_its_own_is_refused) {
    const auto latest = [&](const std::string& options, const std::string& keys = key) {
        return refusal("table: \"sums\" latest { " + options + " }",
                       keys + count + field("shown", 9, "TYPE_STRING", "VIEW"));
    };
    const std::string id = field("customer_id", 5, "TYPE_STRING", "KEY");
    const std::string shown = "columns { column: \"shown\" from: \"customer_name\" } ";
    EXPECT_EQ(latest("match: \"customer_id\" by: \"created_at\" " + shown, id), "");
    EXPECT_THAT(latest("match: \"currency\" by: \"created_at\" " + shown),
                HasSubstr("no index of the base table begins with one of its group keys"));
    EXPECT_THAT(latest("match: \"customer_id\" by: \"created_at\" " + shown, key + id),
                HasSubstr("must match all group keys"));
    EXPECT_THAT(latest("match: \"order_id\" by: \"created_at\" " + shown, id),
                HasSubstr("Sums.order_id: it is matched, but it is no group key"));
    EXPECT_THAT(latest("match: \"status\" by: \"created_at\" " + shown,
                       field("status", 5, "TYPE_STRING", "KEY")),
                HasSubstr("Sums.status: the base row's field is of another type"));
    EXPECT_THAT(latest("match: \"none\" by: \"created_at\" " + shown,
                       field("none", 5, "TYPE_STRING", "KEY")),
                HasSubstr("the base row has no field \"none\""));
    EXPECT_THAT(latest("match: \"customer_id\" by: \"items\" " + shown, id),
                HasSubstr("cannot say which row is the newest"));
    EXPECT_THAT(latest("match: \"customer_id\" by: \"created_at\" "
                       "columns { column: \"shown\" from: \"total_minor\" }",
                       id),
                HasSubstr("Sums.shown: the base row's field is of another type"));
}

}  // namespace
}  // namespace foldstream::fold
