// What an applier remembers of its partitions between two batches, so that it need not read it
// again: decoded rows, and what a partition's rows add up to. All of it is also in Postgres, and
// whenever there is doubt whether it is the same there, it is forgotten.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/core/ids.hpp"
#include "common/fold/digest_vector.hpp"
#include "common/fold/domain.hpp"
#include "projector/checkpoint.hpp"

namespace foldstream::projector {

// Of one applier, over all its partitions.
struct HoldingLimits {
    std::size_t rows = 100'000;
    std::size_t bytes = std::size_t{64} << 20U;
};

// A row as it is in the table.
struct HeldRow {
    std::unique_ptr<fold::Message> message;
    Version version;
    Sequence sequence;
    fold::RowDigest digest{};
};

class Holdings;

// One partition of one generation. What it holds is true for one place only: an owner's epoch, and
// the last record that was applied under it.
class Holding {
public:
    explicit Holding(Holdings& all) : all_(&all) {}
    ~Holding() { drop(); }
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;

    // Whether what is held belongs to the checkpoint as this owner has left it.
    [[nodiscard]] bool stands_at(std::int64_t owner_epoch, Offset applied) const;
    // The partition has been acquired. Rows are kept when nobody had it since they were written
    // (epochs rise by one with each owner) and nothing of them was lost.
    void taken(std::int64_t owner_epoch, Offset applied,
               const std::optional<fold::DigestVector>& digests);
    // A batch has been committed.
    void moved(std::int64_t owner_epoch, Offset applied,
               const std::optional<fold::DigestVector>& digests);
    void drop();

    // Nothing: as the checkpoint has them.
    [[nodiscard]] const std::optional<fold::DigestVector>& digests() const { return digests_; }
    // Takes the row out: a batch puts back what it has committed, and nothing else.
    std::optional<HeldRow> take(std::string_view key);
    // Forgets the rows used longest ago, of all partitions, while there are more than may be held.
    void put(std::string key, HeldRow row);

private:
    friend class Holdings;
    struct Entry {
        Holding* of = nullptr;
        std::string key;
        HeldRow row;
        std::size_t bytes = 0;
    };
    using Entries = std::list<Entry>;
    void erase(Entries::iterator entry);

    Holdings* all_;
    std::int64_t owner_epoch_ = 0;
    Offset applied_{-1};
    std::optional<fold::DigestVector> digests_;
    std::unordered_map<std::string_view, Entries::iterator> rows_;  // keys lie in the entries
};

// The thread of one applier.
class Holdings {
public:
    explicit Holdings(HoldingLimits limits) : limits_(limits) {}
    Holdings(const Holdings&) = delete;
    Holdings& operator=(const Holdings&) = delete;

    // Stays where it is. There are as many as partitions have been served.
    Holding& of(const CheckpointKey& key);
    // The connection is lost, or it is not known what landed.
    void clear();

    [[nodiscard]] std::size_t rows() const { return entries_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    friend class Holding;
    const HoldingLimits limits_;
    Holding::Entries entries_;  // the one used last in front
    std::size_t bytes_ = 0;
    std::map<CheckpointKey, Holding> partitions_;
};

}  // namespace foldstream::projector
