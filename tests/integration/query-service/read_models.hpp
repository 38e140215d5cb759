// Read models as a projector would leave them, in a database of their own, and a query-service over
// them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/fold/search_plan.hpp"
#include "common/fold/table_plan.hpp"
#include "common/kafka/error.hpp"
#include "domains/registry.hpp"
#include "foldstream/orders/v1/rows.pb.h"
#include "query-service/service.hpp"
#include "tests/contract/common/postgres/test_database.hpp"

namespace foldstream::query {

inline constexpr std::int32_t partitions = 4;

// The ends of a log that does not exist. Any thread.
class FakeLogEnds final : public LogEnds {
public:
    struct State {
        std::mutex mutex;
        std::map<Partition, Offset> ends;
        bool reachable = true;
        std::optional<Glimpse> glimpse;
    };
    explicit FakeLogEnds(std::shared_ptr<State> state) : state_(std::move(state)) {}

    std::map<Partition, Offset> ends(const std::string&) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->reachable) throw kafka::Error("no broker", true);
        return state_->ends;
    }
    std::optional<Glimpse> look(const std::string&, Partition, Offset) override {
        const std::lock_guard lock(state_->mutex);
        return state_->glimpse;
    }

private:
    std::shared_ptr<State> state_;  // shared: the test turns it
};

class ReadModels {
public:
    ReadModels();
    // The row, its words, and what it adds to the rollups. Once an order.
    void put(const orders::v1::OrderRow& row);
    void checkpoint(std::int32_t partition, std::uint64_t sequence, std::int64_t seen,
                    std::int32_t generation = 1);
    void exec(const std::string& sql) { connection_.exec(sql); }
    void script(const std::string& sql) { connection_.script(sql); }
    [[nodiscard]] const testing::TestDatabase& database() const { return database_; }
    // As the role that may only read.
    [[nodiscard]] std::string reading_url() const;
    // An order of this number: ids, times and totals grow with it.
    static orders::v1::OrderRow order(int number);

private:
    testing::TestDatabase database_;
    postgres::Connection connection_ = database_.connect();
    const fold::Projection& projection_ = *domains::registry().find_projection("orders");
    fold::TablePlan plan_{projection_};
    fold::SearchPlan search_ = fold::SearchPlan::of(plan_).value();
};

}  // namespace foldstream::query
