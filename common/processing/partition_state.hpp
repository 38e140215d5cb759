// The fold of one partition of a log, as its owner holds it: what is read back lives in the store,
// what is decided ahead lives in the cache above it.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/processing/aggregate.hpp"
#include "common/store/store.hpp"

namespace foldstream::processing {

// Aggregates kept decoded beyond those that the window needs.
inline constexpr std::size_t cached_aggregates = 4096;

// One owner's thread. The cache is one thing: drop_speculative() throws it away as a whole, and
// what is loaded afterwards is validated state.
class PartitionState {
public:
    PartitionState(const fold::DomainModule& domain, Partition partition,
                   std::unique_ptr<store::PartitionStore> store);

    // The aggregate with everything decided so far; valid until the next call of any member.
    Aggregate& aggregate(std::string_view id);

    // Entries decided here and not yet read back pin what they touched, so that it is not loaded
    // from the store, which does not have them yet.
    void pin(std::string_view id);
    void unpin(std::string_view id);

    // Folds a valid entry that somebody decided (while catching up, or after fencing); one that the
    // aggregate has already, out of a snapshot, changes nothing. `changes` gets what it did.
    FoldFailure fold(const v1::Entry& entry, Sequence sequence, std::vector<Change>& changes);

    // Writes what has been read back, with its position, in one batch.
    void settle(const std::vector<Change>& changes, const store::StoredPosition& position);

    // Makes some aggregates of the store dirty, as if their last entry were the one at `sequence`:
    // those behind `after`, which moves on. False: there are no more.
    bool mark_page(std::string& after, Sequence sequence);

    void drop_speculative();

    [[nodiscard]] store::StoredPosition position() const { return store_->position(); }
    [[nodiscard]] store::PartitionStore& store() { return *store_; }

private:
    struct Cached {
        Aggregate aggregate;
        std::size_t pins = 0;
        std::list<std::string>::iterator age;
    };

    void trim();

    const fold::DomainModule& domain_;
    Partition partition_;
    std::unique_ptr<store::PartitionStore> store_;
    std::unordered_map<std::string, Cached> cache_;
    std::list<std::string> ages_;    // not pinned, newest first: who goes when there are too many
    std::list<std::string> pinned_;  // apart, so that making room never walks over them
};

// What an entry does to the partition's own counters: the last command, for the comparison on
// taking over; what a marker covers; attempts. `record` is the offset of its record.
void note_entry(const v1::Entry& entry, Sequence sequence, Offset record,
                std::int32_t evolve_version, store::StoredPosition& position);

}  // namespace foldstream::processing
