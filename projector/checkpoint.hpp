// The checkpoint of one partition of one generation: the truth about what has been applied, and who
// may apply next. Every statement on foldstream.checkpoint stands in the .cpp.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "common/core/ids.hpp"
#include "common/core/result.hpp"
#include "common/fold/digest_vector.hpp"
#include "common/postgres/connection.hpp"
#include "projector/batch.hpp"

namespace foldstream::projector {

struct CheckpointKey {
    std::string projection;
    Generation generation;
    Partition partition;

    auto operator<=>(const CheckpointKey&) const = default;
};

// What the partition's rows add up to, as it is stored.
struct StoredDigests {
    fold::DigestVector vector;
    std::int64_t key_id = 0;  // fold::digest_key_id of the secret that keys them
};

// What an owner has in hand: who it is and where the partition stands.
struct Ownership {
    std::int64_t owner_epoch = 0;
    Reached reached;
    // Nothing: the rows have not been added up yet.
    std::optional<StoredDigests> digests = std::nullopt;
};

// Takes the partition from whoever had it: raises the owner's epoch, durably. Makes the row when
// there is none. A sentence when the partition must not be touched: another partition count.
// Throws postgres::Error.
Result<Ownership, std::string> acquire(postgres::Connection& connection, const CheckpointKey& key,
                                       const std::string& owner, std::int32_t partition_count);

// First statement of a batch's transaction: locks the checkpoint for the owner that left it at
// `expected` (the offset of the last applied record), so that whoever else believes to own the
// partition waits here and then finds out. Nothing: another owner has it, or it stands elsewhere;
// the transaction must be rolled back. `read_digests`: otherwise they are left out.
struct Locked {
    std::optional<StoredDigests> digests;
};
std::optional<Locked> lock(postgres::Transaction& transaction, const CheckpointKey& key,
                           std::int64_t owner_epoch, Offset expected, bool read_digests);

// Moves the checkpoint from `expected` to `reached`, sets the digests when there are new ones, and
// takes the stop mark away. False: as with lock().
bool advance(postgres::Transaction& transaction, const CheckpointKey& key, std::int64_t owner_epoch,
             Offset expected, const Reached& reached, const StoredDigests* digests);

// Leaves the reason for which the partition stands still. False: no longer ours.
bool note_stop(postgres::Connection& connection, const CheckpointKey& key, std::int64_t owner_epoch,
               const std::string& reason);

}  // namespace foldstream::projector
