// What a batch changes in the rollups of its projection: retract the old row, add the new one,
// summed by group.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/fold/table_plan.hpp"
#include "common/postgres/connection.hpp"

namespace foldstream::projector {

// The rollups of a projection in the order in which every batch writes them (by table: so two
// batches never wait for each other in a circle), their statements ready. Shared by all threads.
class RollupStatements {
public:
    RollupStatements(const fold::TablePlan& base, const fold::Projection& projection,
                     Generation generation);

    struct One {
        fold::RollupPlan plan;
        std::string upsert;
        std::string erase_empty;
        bool per_partition;
    };
    [[nodiscard]] const std::vector<One>& all() const { return all_; }

private:
    std::vector<One> all_;
};

// Of one batch, on one thread.
class RollupDeltas {
public:
    explicit RollupDeltas(const RollupStatements& statements)
        : statements_(statements), groups_(statements.all().size()) {}

    // sign: -1 = the row as it was, +1 = as it is.
    void add(const fold::Message& row, int sign);
    // Inside the batch's transaction, behind its rows. Groups that nothing changed are left alone;
    // groups without rows go.
    void write(postgres::Transaction& transaction, Partition partition) const;

private:
    struct Sum {
        std::int64_t count = 0;
        std::vector<__int128> sums;
    };
    using Groups = std::map<std::vector<std::string>, Sum>;
    static void write_one(postgres::Transaction& transaction, Partition partition,
                          const RollupStatements::One& rollup, const Groups& groups);

    const RollupStatements& statements_;
    std::vector<Groups> groups_;
};

// Decimal; Postgres sums in numeric.
std::string decimal(__int128 value);

}  // namespace foldstream::projector
