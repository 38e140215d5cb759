// An aggregate as its owner holds it: the domain's state, its version, and the slots that make its
// commands idempotent.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/ids.hpp"
#include "common/fold/domain.hpp"
#include "common/processing/slots.hpp"
#include "common/store/store.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::processing {

// Kept at least: the last 128 commands of an aggregate, and all of the last 15 minutes up to 4,096.
inline constexpr std::size_t least_slots = 128;
inline constexpr std::size_t most_slots = 4096;
inline constexpr std::int64_t slot_age_ms = 15LL * 60 * 1000;
// Beyond the least ones they are kept up to so many bytes, so that an aggregate and its slots fit
// into one snapshot.
inline constexpr std::size_t most_slot_bytes = 256 * 1024;

struct CachedAggregate;
struct Change;

// Mutable; one owner's thread. Moves forward only; to go back it is dropped and loaded again.
struct Aggregate {
    fold::State state;
    Version version;
    Sequence sequence;         // of its last entry
    std::int64_t time_ms = 0;  // context.time of its newest event
    bool broken = false;       // evolve failed on one of its events
    std::uint64_t first_slot = 0;
    std::deque<Slot> slots;      // numbered from first_slot
    std::size_t slot_bytes = 0;  // of all slots

    [[nodiscard]] std::optional<v1::StoredSlot> find_slot(std::string_view command_id) const;
    // A change that writes what is there already.
    [[nodiscard]] Change as_it_is() const;
};

// What one entry did to its aggregate: enough to write it into the store when it is read back,
// although the aggregate has moved on meanwhile.
struct Change {
    CachedAggregate* of = nullptr;  // pinned in the cache until it is written
    fold::State state;              // may be null where a later change of the same batch has one
    Version version;
    Sequence sequence;
    std::int64_t time_ms = 0;
    bool broken = false;
    std::uint64_t first_slot = 0;  // after eviction
    std::uint64_t next_slot = 0;
    std::uint64_t evicted_from = 0;  // slots [evicted_from, first_slot) are gone
    std::string new_slot;            // number next_slot - 1; empty = none
    bool dirty = true;               // gets a mark: the next round of snapshots writes it
};

// Whether the entry is remembered for when its command comes again. The same answer for whoever
// decides and whoever folds. None: stateless refusals, dry runs, duplicates, not-found, refusals of
// aggregates that have no events (no state for random ids).
bool leaves_slot(const v1::Entry& entry);

// Whether the entry changes what is stored of its aggregate.
bool touches_aggregate(const v1::Entry& entry);

// Moves the aggregate over an entry that was decided elsewhere (a fold of the log) or here: slots,
// sequence, version. `state` and `broken` are already the ones after the entry. Evicts by the
// entry's time, count and bytes, so that every fold has the same slots.
Change advance(Aggregate& aggregate, const v1::Entry& entry, Sequence sequence);

// Why an entry cannot be folded.
struct FoldFailure {
    std::string reason;  // empty: it was folded
    bool gap = false;    // the aggregate is not the one that the entry was decided on
};

// Folds the entry's events into state, version and time. After a failure (an event type that this
// binary does not know, a gap in the versions) nothing has changed. An evolve that throws, or bytes
// that are no event, mark the aggregate broken.
FoldFailure fold_events(Aggregate& aggregate, const v1::Entry& entry, Sequence sequence,
                        Partition partition, const fold::DomainModule& domain);

// Keys of the store: store_keys.hpp.
Aggregate load_aggregate(const store::PartitionStore& store, const fold::DomainModule& domain,
                         std::string_view aggregate_id);

// What was read back of an aggregate and is not in the store yet: its last change, and all new
// slots.
struct Unwritten {
    Change last;
    std::uint64_t evicted_from = 0;
    std::vector<std::string> new_slots;  // numbered up to last.next_slot
    bool dirty = false;

    void add(Change change);
};
// The new slots go.
void write_slots(std::string_view aggregate_id, Unwritten& unwritten,
                 const store::PartitionStore& store, store::WriteBatch& batch);
store::KeyValue stored(std::string_view aggregate_id, const Change& last,
                       const fold::DomainModule& domain);

}  // namespace foldstream::processing
