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

    // Folds a valid entry that somebody decided (while catching up, or after fencing). Not empty:
    // why it cannot be folded. `changes` gets what it did.
    std::string fold(const v1::Entry& entry, Sequence sequence, std::vector<Change>& changes);

    // Writes what has been read back, with its position, in one batch.
    void settle(const std::vector<const Change*>& changes, const store::StoredPosition& position);

    void drop_speculative();
    void wipe();

    [[nodiscard]] store::StoredPosition position() const { return store_->position(); }

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

// Keeps the last command of what is folded or decided, for the comparison on taking over.
void note_command(const v1::Entry& entry, store::StoredPosition& position);

}  // namespace foldstream::processing
