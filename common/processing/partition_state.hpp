// The fold of one partition of a log, as its owner holds it: what is read back lives in the store,
// what is decided ahead lives in the cache above it.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/processing/aggregate.hpp"
#include "common/processing/command_place.hpp"
#include "common/store/store.hpp"

namespace foldstream::processing {

// Aggregates kept decoded beyond those that the window needs and those that are not written yet.
inline constexpr std::size_t cached_aggregates = 4096;
// What was read back is written at the latest when there is so much of it.
inline constexpr std::size_t most_unwritten_aggregates = 4096;
inline constexpr std::size_t most_unwritten_entries = 16'384;
// Of one batch of the store; an aggregate larger than that stands alone.
inline constexpr std::size_t most_batch_bytes = 8 * 1024 * 1024;

struct CachedAggregate {
    std::string id;
    Aggregate aggregate;
    std::optional<Unwritten> unwritten;
    std::size_t pins = 0;  // of changes that wait to be read back, and one while it is not written
    std::list<CachedAggregate>::iterator self;
};

// One owner's thread. The cache is one thing: drop_speculative() throws it away as a whole, and
// what is loaded afterwards is validated state. What was read back is gathered and written later,
// an aggregate's changes as one; a crash loses it together with its position, so that it is read
// again from the log. Whoever looks into store() calls write_back() before.
class PartitionState {
public:
    PartitionState(const fold::DomainModule& domain, Partition partition,
                   std::unique_ptr<store::PartitionStore> store);

    // The aggregate with everything decided so far; valid until the next call of any member.
    CachedAggregate& cached(std::string_view id);

    // Entries decided here and not yet settled pin what they touched, so that it is not loaded from
    // the store, which does not have them yet. A pin ends with what is speculative.
    void pin(Change& change, CachedAggregate& touched);

    // Folds a valid entry that somebody decided (while catching up, or after fencing); one that the
    // aggregate has already, out of a snapshot, changes nothing. `changes` gets what it did,
    // pinned.
    FoldFailure fold(const v1::Entry& entry, Sequence sequence, std::vector<Change>& changes);

    // What has been read back, with its position: pinned changes.
    void settle(std::vector<Change> changes, const store::StoredPosition& position);
    // Into the store. False: there was nothing. The position comes last: what is newer than it in
    // the store is known when it is folded again.
    bool write_back();

    // Makes some aggregates of the store dirty, as if their last entry were the one at `sequence`:
    // those behind `after`, which moves on. False: there are no more.
    bool mark_page(std::string& after, Sequence sequence);

    void drop_speculative();

    // Of what was settled last.
    [[nodiscard]] store::StoredPosition position() const;
    [[nodiscard]] store::PartitionStore& store() { return *store_; }

private:
    void trim();
    void unpin(CachedAggregate& cached);

    const fold::DomainModule& domain_;
    Partition partition_;
    std::unique_ptr<store::PartitionStore> store_;
    std::list<CachedAggregate> ages_;  // not pinned, newest first: who goes when there are too many
    std::list<CachedAggregate> pinned_;  // apart, so that making room never walks over them
    // The keys lie in the aggregates.
    std::unordered_map<std::string_view, std::list<CachedAggregate>::iterator> cache_;
    std::vector<CachedAggregate*> unwritten_;
    Sequence written_;  // what the store has
    std::optional<store::StoredPosition> unwritten_position_;
};

// What an entry does to the partition's own counters: the last command, for the comparison on
// taking over; what a marker covers; attempts. `record` is the offset of its record.
void note_entry(const v1::Entry& entry, Sequence sequence, Offset record,
                std::int32_t evolve_version, store::StoredPosition& position);
// The part of it that all commands' entries have.
void note_command(const CommandPlace& command, Sequence sequence, store::StoredPosition& position);

}  // namespace foldstream::processing
