// Where an owner keeps what it has read back: a disposable cache of the fold of its log. Deleting
// it loses nothing. Adapters: in memory (here), RocksDB. One contract suite runs on each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/ids.hpp"
#include "common/replay/validity.hpp"

namespace foldstream::store {

// The environment's failure at the store's edge: the disk, the folder, what is on it. what() names
// the folder and says what to do.
class StoreError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Where a partition's content stands in its log; stored with every batch.
struct StoredPosition {
    replay::Position position;
    std::uint64_t next_offset = 0;
    std::string log_id;
    // The last command that gave an entry: its offset (-1 = none), append time and raw hash;
    // compared with the commands topic on taking over.
    std::int64_t last_command_offset = -1;
    std::int64_t last_command_time_ms = 0;
    std::uint64_t last_command_hash = 0;
    // Everything up to this sequence is in the snapshots of a valid marker; 0 = there is none.
    std::uint64_t covered = 0;
    // The last entry that the partition's own counters hold.
    std::uint64_t counters_sequence = 0;
    // Of the last valid marker's record in the log; -1 = none.
    std::int64_t marker_offset = -1;
    // Restored from snapshots whose owners had read this record of the log: it must still be there.
    // Offset -1 = none, or it was found.
    replay::Position vouched;
    // The restore began at a marker, and the end of the log has not been reached since.
    bool from_marker = false;
    // Some snapshots could not be read, or were deleted by a reset: the next round writes every
    // aggregate.
    bool rewrite_all = false;
    // Of the last entry that said that all snapshots are deleted: what no marker behind it covers
    // is to be written anew. 0 = none.
    std::uint64_t deleted_at = 0;
    // Of the last operator's reset that this store has obeyed.
    std::string reset_id;
    // Valid claims since the last entry that decided something, and the last attempt at a command
    // that has no such entry yet (offset -1: none).
    std::uint32_t claims = 0;
    std::int64_t attempt_offset = -1;
    std::uint32_t attempt_k = 0;

    bool operator==(const StoredPosition&) const = default;
};

using KeyValue = std::pair<std::string, std::string>;

struct WriteBatch {
    std::vector<KeyValue> puts;
    std::vector<std::string> erases;
    std::optional<StoredPosition> position;  // absent: it stays where it is
};

// One partition of one domain, for as long as this object lives. Used by the owner's thread only.
// Keys are any bytes, but never empty. Members may throw StoreError.
class PartitionStore {
public:
    virtual ~PartitionStore() = default;
    [[nodiscard]] virtual std::optional<std::string> get(std::string_view key) const = 0;
    // The keys that begin with `prefix` and are greater than `after` (a whole key; empty = from the
    // first), in key order (bytes, unsigned), `limit` of them at most (0 = all).
    [[nodiscard]] virtual std::vector<KeyValue> scan(std::string_view prefix,
                                                     std::string_view after = {},
                                                     std::size_t limit = 0) const = 0;
    // The greatest key that begins with `prefix`.
    [[nodiscard]] virtual std::optional<std::string> last_key(std::string_view prefix) const = 0;
    // All of the batch or nothing of it, position included. Erases come after puts.
    virtual void apply(const WriteBatch& batch) = 0;
    [[nodiscard]] virtual StoredPosition position() const = 0;
    // Back to empty, position at the log's start, all at once.
    virtual void wipe() = 0;
};

// A process has one. Its members are called from owners' threads, and may throw StoreError. What it
// opened may outlive it.
class Store {
public:
    virtual ~Store() = default;
    // Another evolve_version than the stored one wipes the partition. nullptr while the partition
    // is open in this process: it never has two owners. Destroying what was opened ends that.
    [[nodiscard]] virtual std::unique_ptr<PartitionStore> open(std::string_view domain,
                                                               Partition partition,
                                                               std::int32_t evolve_version) = 0;
    // Looks at a partition as it is, open or not, and changes nothing: for tests and tools, in the
    // thread of whoever has it open. Empty when it was never opened.
    [[nodiscard]] virtual std::unique_ptr<const PartitionStore> inspect(std::string_view domain,
                                                                        Partition partition) = 0;
};

// Keeps partitions for the life of the process; a partition opened again goes on where it was.
std::unique_ptr<Store> make_memory_store();

}  // namespace foldstream::store
