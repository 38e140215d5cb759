// A migrated database of a test's own, and the orders projection's plans on it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "common/fold/table_plan.hpp"
#include "common/postgres/migrations.hpp"
#include "domains/registry.hpp"
#include "projector/batch_writer.hpp"
#include "projector/generation.hpp"
#include "tests/contract/common/postgres/test_database.hpp"
#include "tests/unit/projector/log_maker.hpp"

namespace foldstream::testing {

class OrdersDatabase {
public:
    // `registry`: one whose domain is called `name` and has the projection "orders".
    explicit OrdersDatabase(const fold::Registry& registry = domains::registry(),
                            const std::string& name = "orders")
        : domain(*registry.find(name)) {
        postgres::Connection connection = database.connect();
        postgres::migrate(connection, registry);
        generation = *projector::find_generation(connection, projection);
    }

    // Every row of the table, by key, as the projector would load it; the digest is checked.
    std::map<std::string, std::string> rows() {
        const fold::TablePlan plan(projection);
        postgres::Connection connection = database.connect();
        const auto result = connection.exec("SELECT array_agg(order_id)::text FROM " +
                                            plan.table(generation.number));
        if (!result.get(0, 0)) return {};
        const auto stored = connection.exec(plan.select_by_keys(generation.number),
                                            {std::string(*result.get(0, 0))});
        std::map<std::string, std::string> rows;
        for (std::size_t i = 0; i < stored.rows(); ++i) {
            const std::unique_ptr<fold::Message> row(projection.row_prototype->New());
            for (std::size_t c = 0; c < plan.columns().size(); ++c) {
                if (!plan.load(c, *row, stored.get(i, c)))
                    throw std::runtime_error("a column cannot be loaded");
            }
            rows[stored.text(i, 0)] = row->SerializeAsString();
        }
        return rows;
    }

    void expect_rollups_equal_group_by() {
        postgres::Connection connection = database.connect();
        EXPECT_EQ(connection
                      .exec("SELECT count(*) FROM (SELECT status, currency, count(*)::int8 AS n, "
                            "sum(total_minor) AS s FROM read.orders GROUP BY 1, 2) a FULL JOIN "
                            "read.order_summary b USING (status, currency) "
                            "WHERE a.n IS DISTINCT FROM b.orders OR a.s IS DISTINCT FROM "
                            "b.revenue_minor")
                      .integer(0, 0),
                  0);
        EXPECT_EQ(
            connection
                .exec("SELECT count(*) FROM (SELECT customer_id, currency, count(*)::int8 AS n, "
                      "sum(total_minor) AS s FROM read.orders WHERE status <> 'cancelled' GROUP BY "
                      "1, 2) a FULL JOIN read_gen.customers_g1 b USING (customer_id, currency) "
                      "WHERE a.n IS DISTINCT FROM b.orders OR a.s IS DISTINCT FROM b.spent_minor")
                .integer(0, 0),
            0);
        EXPECT_GT(connection.exec("SELECT count(*) FROM read.customers").integer(0, 0), 0);
    }
    // Each partition's stored vector against the rows' own bucket and digest, added up here.
    void expect_digests_equal_the_rows() {
        using Bucket = std::pair<std::uint64_t, unsigned __int128>;
        std::map<std::int64_t, std::map<std::int64_t, Bucket>> expected;
        std::map<std::int64_t, std::map<std::int64_t, Bucket>> stored;
        postgres::Connection connection = database.connect();
        const auto rows = connection.exec(
            "SELECT _partition, _bucket, encode(_digest, 'hex') FROM read_gen.orders_g1");
        for (std::size_t i = 0; i < rows.rows(); ++i) {
            Bucket& bucket = expected[rows.integer(i, 0)][rows.integer(i, 1)];
            ++bucket.first;
            bucket.second += hex_number(rows.text(i, 2));
        }
        const auto vectors = connection.exec(
            "SELECT partition, encode(digests, 'hex') FROM foldstream.checkpoint WHERE "
            "record_offset >= 0 AND digests IS NOT NULL");
        for (std::size_t i = 0; i < vectors.rows(); ++i) {
            const std::string text = vectors.text(i, 1);
            ASSERT_EQ(text.size(), 2U * 1536U);
            for (std::size_t b = 0; b < 64; ++b) {
                const std::string one = text.substr(b * 48, 48);
                const Bucket bucket{static_cast<std::uint64_t>(hex_number(one.substr(0, 16))),
                                    hex_number(one.substr(16))};
                if (bucket != Bucket{})
                    stored[vectors.integer(i, 0)][static_cast<std::int64_t>(b)] = bucket;
            }
        }
        EXPECT_TRUE(stored == expected)
            << "vectors of " << stored.size() << " partitions, rows of " << expected.size();
        EXPECT_FALSE(expected.empty());
    }

    // Every row has its words, and nothing else has any.
    void expect_search_equals_the_rows() {
        postgres::Connection connection = database.connect();
        EXPECT_EQ(
            connection
                .exec("SELECT count(*) FROM read.orders o FULL JOIN read.orders_search s USING "
                      "(order_id) WHERE ARRAY(SELECT w COLLATE \"C\" FROM "
                      "unnest(tsvector_to_array(s.words)) w ORDER BY 1) IS DISTINCT FROM "
                      "ARRAY(SELECT DISTINCT w COLLATE \"C\" FROM regexp_split_to_table(lower("
                      "concat_ws(' ', customer_name, customer_email, shipping_address)), "
                      "'[^a-z0-9]+') w WHERE w <> '' ORDER BY 1)")
                .integer(0, 0),
            0);
    }

    static unsigned __int128 hex_number(const std::string& text) {
        unsigned __int128 value = 0;
        for (const char c : text)
            value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
        return value;
    }

    TestDatabase database;
    const fold::DomainModule& domain;
    const fold::Projection& projection = *domain.find_projection("orders");
    projector::ServedGeneration generation;
};

// A batch of the records [from, to) of a log, as the poll thread makes it.
inline std::unique_ptr<projector::Batch> batch_of(const fold::DomainModule& domain,
                                                  Partition partition, const LogMaker& log,
                                                  replay::LogReader& reader, Offset from,
                                                  Offset to) {
    auto batch = std::make_unique<projector::Batch>();
    for (Offset at = from; at < to; ++at.value) {
        const auto result = reader.feed(log.at(at));
        if (const auto* entries = std::get_if<replay::ValidEntries>(&result)) {
            if (const auto why = batch->add(domain, partition, *entries))
                throw std::runtime_error(*why);
        }
        batch->reach(
            {reader.position(), reader.seen_offset(), reader.next_offset(), reader.log_id()},
            log.at(at).append_time_ms);
    }
    return batch;
}

}  // namespace foldstream::testing
