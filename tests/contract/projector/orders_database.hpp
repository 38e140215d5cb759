// A migrated database of a test's own, and the orders projection's plans on it.
#pragma once

#include <map>
#include <string>

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
    OrdersDatabase() {
        postgres::Connection connection = database.connect();
        postgres::migrate(connection, domains::registry());
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

    TestDatabase database;
    const fold::DomainModule& domain = *domains::registry().find("orders");
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
