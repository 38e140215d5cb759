// Where an owner keeps what it has read back: a disposable cache of the fold of its log. Deleting
// it loses nothing. Adapters: in memory (here), RocksDB. One contract suite runs on each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/ids.hpp"
#include "common/replay/validity.hpp"

namespace foldstream::store {

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

    bool operator==(const StoredPosition&) const = default;
};

struct WriteBatch {
    std::vector<std::pair<std::string, std::string>> puts;
    std::vector<std::string> erases;
    StoredPosition position;
};

// One partition of one domain. Used by the owner's thread only.
class PartitionStore {
public:
    virtual ~PartitionStore() = default;
    [[nodiscard]] virtual std::optional<std::string> get(std::string_view key) const = 0;
    // All keys that begin with `prefix`, in key order.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> scan(
        std::string_view prefix) const = 0;
    // All of the batch or nothing of it, position included. Erases come after puts.
    virtual void apply(const WriteBatch& batch) = 0;
    [[nodiscard]] virtual StoredPosition position() const = 0;
    // Back to empty, position at the log's start.
    virtual void wipe() = 0;
};

// A process has one. open() is called from owners' threads; another evolve_version than the stored
// one wipes the partition.
class Store {
public:
    virtual ~Store() = default;
    virtual std::unique_ptr<PartitionStore> open(std::string_view domain, Partition partition,
                                                 std::int32_t evolve_version) = 0;
};

// Keeps partitions for the life of the process; a partition opened again goes on where it was.
std::unique_ptr<Store> make_memory_store();

}  // namespace foldstream::store
