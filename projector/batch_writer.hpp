// Applies a batch to the tables of one generation: one transaction in which the checkpoint moves,
// the rows are folded and the rollups follow; all of it or nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/fold/domain.hpp"
#include "common/fold/table_plan.hpp"
#include "common/postgres/connection.hpp"
#include "projector/batch.hpp"
#include "projector/checkpoint.hpp"
#include "projector/generation.hpp"
#include "projector/rollup_deltas.hpp"

namespace foldstream::projector {

enum class Applied {
    done,
    fenced,   // another owner has the partition, or the checkpoint stands elsewhere
    refused,  // the same batch would fail again; nothing was written
};

struct ApplyResult {
    Applied what = Applied::done;
    std::string reason;  // of refused
};

// Immutable after construction; shared by all applier threads.
class BatchWriter {
public:
    // `skipped` (tests only): events of this type move the row's version but are not folded.
    BatchWriter(const fold::Projection& projection, ServedGeneration generation,
                const fold::EventType* skipped = nullptr);
    BatchWriter(const BatchWriter&) = delete;  // the rollups' plans point to the table's
    BatchWriter& operator=(const BatchWriter&) = delete;

    // Throws postgres::Error; after in_doubt or lost only the checkpoint says whether the batch
    // landed. The batch itself is unchanged and can be applied again.
    ApplyResult apply(postgres::Connection& connection, Partition partition,
                      std::int64_t owner_epoch, Offset expected, Batch& batch) const;

    [[nodiscard]] CheckpointKey checkpoint(Partition partition) const;
    [[nodiscard]] const fold::Projection& projection() const { return plan_.projection(); }
    [[nodiscard]] Generation generation() const { return generation_.number; }

private:
    // A row on its way from what is stored to what the batch makes of it.
    struct Row {
        std::unique_ptr<fold::Message> message;  // null = no row
        Version version;
        Sequence sequence;
        bool stored = false;
    };
    using Why = std::optional<std::string>;  // a reason to refuse

    [[nodiscard]] Why load(postgres::Transaction& transaction, Partition partition,
                           const std::vector<KeyEvents>& keys, std::vector<Row>& rows) const;
    [[nodiscard]] Why load_row(const postgres::Result& result, std::size_t at, Partition partition,
                               const std::string& key, Row& row) const;
    [[nodiscard]] Why fold_key(Partition partition, const KeyEvents& key, Row& row) const;
    void write(postgres::Transaction& transaction, Partition partition,
               const std::vector<KeyEvents>& keys, const std::vector<Row>& rows) const;

    fold::TablePlan plan_;
    ServedGeneration generation_;
    const fold::EventType* skipped_;
    RollupStatements rollups_;
    std::string select_;
    std::string upsert_;
    std::string erase_;
};

}  // namespace foldstream::projector
