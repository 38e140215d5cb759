// Applies a batch to the tables of one generation: one transaction in which the checkpoint moves,
// the rows are folded, and search table, rollups and digests follow; all of it or nothing.
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
#include "projector/binary_params.hpp"
#include "projector/checkpoint.hpp"
#include "projector/generation.hpp"
#include "projector/holdings.hpp"
#include "projector/rollup_deltas.hpp"
#include "projector/search_changes.hpp"

namespace foldstream::projector {

enum class Applied {
    done,
    fenced,   // another owner has the partition, or the checkpoint stands elsewhere
    refused,  // the same batch would fail again; nothing was written
};

struct ApplyResult {
    Applied what = Applied::done;
    std::string reason;      // of refused
    std::size_t loaded = 0;  // rows that had to be read
};

// Where a batch belongs.
struct Place {
    Partition partition;
    std::int64_t owner_epoch = 0;
    Offset expected;  // the last record applied before it
};

// Immutable after construction; shared by all applier threads.
class BatchWriter {
public:
    // `skipped` (tests only): events of this type move the row's version but are not folded.
    BatchWriter(const fold::Projection& projection, ServedGeneration generation,
                const fold::EventType* skipped = nullptr);
    BatchWriter(const BatchWriter&) = delete;  // the rollups' plans point to the table's
    BatchWriter& operator=(const BatchWriter&) = delete;

    // Acquires the partition, and with it what its rows add up to. A sentence: it must not be
    // touched. Throws postgres::Error.
    Result<Ownership, std::string> take(postgres::Connection& connection, Partition partition,
                                        const std::string& owner, std::int32_t partition_count,
                                        Holding& holding) const;

    // Throws postgres::Error; after in_doubt or lost only the checkpoint says whether the batch
    // landed, and the holding must be dropped. The batch itself is unchanged and can be applied
    // again. The holding then holds what is committed, and less when nothing was.
    ApplyResult apply(postgres::Connection& connection, const Place& place, Batch& batch,
                      Holding& holding) const;

    [[nodiscard]] CheckpointKey checkpoint(Partition partition) const;
    [[nodiscard]] const fold::Projection& projection() const { return plan_.projection(); }
    [[nodiscard]] Generation generation() const { return generation_.number; }

private:
    // A row on its way from what is stored to what the batch makes of it.
    struct Row {
        std::unique_ptr<fold::Message> message;  // null = no row
        Version version;
        Sequence sequence;
        fold::RowDigest digest{};
        bool stored = false;                  // it was there before the batch
        std::optional<std::string> searched;  // its text before the batch
    };
    // What a batch makes of a partition.
    struct Changes;
    // Rows on their way to Postgres.
    struct Writing;
    // Some of a batch's keys, the last one left out.
    struct Piece {
        std::size_t from = 0;
        std::size_t to = 0;
    };
    using Why = std::optional<std::string>;  // a reason to refuse

    ApplyResult apply_once(postgres::Connection& connection, const Place& place, Batch& batch,
                           Holding& holding) const;
    // `found`: rows of keys that are new.
    [[nodiscard]] Why row_before_its_first_event(const postgres::Result& found) const;
    [[nodiscard]] Why row_of_a_key_without_one(postgres::Transaction& transaction,
                                               const std::vector<KeyEvents>& keys,
                                               const std::vector<Row>& rows) const;
    [[nodiscard]] std::optional<ApplyResult> change_rows(postgres::Transaction& transaction,
                                                         const Place& place, Batch& batch,
                                                         Holding& holding, Changes& changes) const;
    [[nodiscard]] fold::DigestVector digests_of(postgres::Transaction& transaction,
                                                const Place& place,
                                                const std::optional<StoredDigests>& stored) const;
    [[nodiscard]] Why other_key(const std::optional<StoredDigests>& stored) const;
    [[nodiscard]] Why load(postgres::Transaction& transaction, Partition partition,
                           const std::vector<KeyEvents>& keys, Holding& holding,
                           Changes& changes) const;
    [[nodiscard]] Why load_row(const postgres::Result& result, std::size_t at, Partition partition,
                               const std::string& key, Row& row) const;
    [[nodiscard]] Why fold_and_write(postgres::Transaction& transaction, Partition partition,
                                     const std::vector<KeyEvents>& keys, Changes& changes) const;
    [[nodiscard]] Why fold_rows(Partition partition, const std::vector<KeyEvents>& keys,
                                const Piece& piece, Changes& changes) const;
    [[nodiscard]] Why fold_key(Partition partition, const KeyEvents& key, Row& row) const;
    void write(postgres::Transaction& transaction, Partition partition,
               const std::vector<KeyEvents>& keys, const std::vector<Row>& rows, const Piece& piece,
               Writing& writing) const;
    void write_row(BinaryParams& params, Partition partition, const std::string& key,
                   const Row& row) const;

    fold::TablePlan plan_;
    ServedGeneration generation_;
    std::int64_t key_id_;
    const fold::EventType* skipped_;
    RollupStatements rollups_;
    SearchStatements search_;
    std::string select_;
    std::string sum_digests_;
    std::vector<fold::PostgresType> element_types_;
    std::string insert_;
    std::string upsert_;
    std::string erase_;
};

}  // namespace foldstream::projector
