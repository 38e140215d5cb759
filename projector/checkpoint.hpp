// The checkpoint of one partition of one generation: the truth about what has been applied, and who
// may apply next. Every statement on foldstream.checkpoint stands in the .cpp.
#pragma once

#include <cstdint>
#include <string>

#include "common/core/ids.hpp"
#include "common/core/result.hpp"
#include "common/postgres/connection.hpp"
#include "projector/batch.hpp"

namespace foldstream::projector {

struct CheckpointKey {
    std::string projection;
    Generation generation;
    Partition partition;
};

// What an owner has in hand: who it is and where the partition stands.
struct Ownership {
    std::int64_t owner_epoch = 0;
    Reached reached;
};

// Takes the partition from whoever had it: raises the owner's epoch, durably. Makes the row when
// there is none. A sentence when the partition must not be touched: another partition count.
// Throws postgres::Error.
Result<Ownership, std::string> acquire(postgres::Connection& connection, const CheckpointKey& key,
                                       const std::string& owner, std::int32_t partition_count);

// First statement of a batch's transaction: locks the checkpoint and moves it from
// `expected` (the offset of the last applied record) to `reached`, and takes the stop mark away.
// False: another owner has it, or it stands elsewhere; the transaction must be rolled back.
bool advance(postgres::Transaction& transaction, const CheckpointKey& key, std::int64_t owner_epoch,
             Offset expected, const Reached& reached);

// Leaves the reason for which the partition stands still. False: no longer ours.
bool note_stop(postgres::Connection& connection, const CheckpointKey& key, std::int64_t owner_epoch,
               const std::string& reason);

}  // namespace foldstream::projector
