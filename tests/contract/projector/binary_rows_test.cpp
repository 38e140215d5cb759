// Rows sent in Postgres' binary form are, to the last column, those that the same values make as
// text.
#include <gtest/gtest.h>

#include "projector/binary_params.hpp"
#include "tests/contract/projector/orders_database.hpp"
#include "tests/unit/common/fold/everything.hpp"
#include "tests/unit/common/fold/generated.hpp"

namespace foldstream::projector {
namespace {

using Rows = std::vector<std::unique_ptr<fold::Message>>;

Rows generated(const fold::TablePlan& plan, std::uint64_t count) {
    Rows rows;
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        auto& row = rows.emplace_back(plan.projection().row_prototype->New());
        foldstream::testing::Generator(seed).fill(*row);
        row->GetReflection()->SetString(row.get(), plan.key().field, std::to_string(seed));
        plan.canonicalise(*row);
    }
    return rows;
}

postgres::Params as_text(const fold::TablePlan& plan, const Rows& rows) {
    const std::size_t own = plan.columns().size();
    std::vector<std::string> arrays(own + 5, "{");
    for (const auto& row : rows) {
        for (std::string& array : arrays) array += array.size() > 1 ? "," : "";
        for (std::size_t c = 0; c < own; ++c) plan.append_array_element(c, *row, arrays[c]);
        arrays[own] += "-2";
        arrays[own + 1] += "63";
        arrays[own + 2] += "9223372036854775807";
        arrays[own + 3] += "-3";
        arrays[own + 4] += R"("\\x00ff")";
    }
    postgres::Params params;
    for (std::string& array : arrays) params.emplace_back(array + "}");
    return params;
}

postgres::Params as_binary(const fold::TablePlan& plan, const Rows& rows) {
    const std::size_t own = plan.columns().size();
    BinaryParams params(plan.element_types());
    for (const auto& row : rows) {
        for (std::size_t c = 0; c < own; ++c) plan.append_binary_element(c, *row, params.next(c));
        fold::append_number_element(std::int16_t{-2}, params.next(own));
        fold::append_number_element(std::int16_t{63}, params.next(own + 1));
        fold::append_number_element(std::int64_t{9'223'372'036'854'775'807}, params.next(own + 2));
        fold::append_number_element(std::int64_t{-3}, params.next(own + 3));
        fold::append_bytes_element(std::string_view("\0\xff", 2), params.next(own + 4));
    }
    return std::move(params).params();
}

void expect_the_same_rows(postgres::Connection& connection, const fold::TablePlan& plan,
                          Generation generation) {
    constexpr std::uint64_t count = 500;
    const Rows rows = generated(plan, count);
    const auto stored = [&] {
        return connection
            .exec("SELECT string_agg(r::text, ';' ORDER BY r." + plan.key().name + ") FROM " +
                  plan.table(generation) + " r")
            .text(0, 0);
    };
    const auto affected = [&](const std::string& statement) {
        return connection.exec(statement, as_binary(plan, rows), postgres::Format::binary)
            .affected();
    };
    EXPECT_EQ(connection.exec(plan.insert(generation), as_text(plan, rows)).affected(), count);
    const std::string from_text = stored();
    EXPECT_GT(from_text.size(), count);
    EXPECT_EQ(affected(plan.upsert(generation)), count);
    EXPECT_TRUE(stored() == from_text) << plan.table(generation);
    connection.exec("DELETE FROM " + plan.table(generation));
    EXPECT_EQ(affected(plan.insert(generation)), count);
    EXPECT_TRUE(stored() == from_text) << plan.table(generation);
}

TEST(BinaryRows, are_those_of_text_for_every_type_of_column) {
    const foldstream::testing::OrdersDatabase db;
    postgres::Connection connection = db.database.connect();
    const fold::Projection everything =
        foldstream::testing::projection_of(foldstream::testing::everything());
    const fold::TablePlan plan(everything);
    for (const std::string& statement : plan.create_table(Generation(1)))
        connection.script(statement);
    expect_the_same_rows(connection, plan, Generation(1));
}

TEST(BinaryRows, are_those_of_text_for_the_rows_of_every_domain) {
    const foldstream::testing::OrdersDatabase db;
    postgres::Connection connection = db.database.connect();
    for (const auto& domain : domains::registry().domains()) {
        for (const auto& projection : domain->projections)
            expect_the_same_rows(connection, fold::TablePlan(*projection), Generation(1));
    }
}

}  // namespace
}  // namespace foldstream::projector
