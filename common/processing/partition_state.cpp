#include "common/processing/partition_state.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/processing/store_keys.hpp"

namespace foldstream::processing {

using test_hooks::Mutant;

PartitionState::PartitionState(const fold::DomainModule& domain, Partition partition,
                               std::unique_ptr<store::PartitionStore> store)
    : domain_(domain), partition_(partition), store_(std::move(store)) {
    if (!store_) throw std::logic_error("a partition cannot have two owners in one process");
}

Aggregate& PartitionState::aggregate(std::string_view id) {
    const std::string key(id);
    auto found = cache_.find(key);
    if (found == cache_.end()) {
        trim();
        ages_.push_front(key);
        found = cache_.emplace(key, Cached{load_aggregate(*store_, domain_, id), 0, ages_.begin()})
                    .first;
    } else if (found->second.pins == 0) {
        ages_.splice(ages_.begin(), ages_, found->second.age);
    }
    return found->second.aggregate;
}

void PartitionState::trim() {
    while (ages_.size() >= cached_aggregates) {
        cache_.erase(ages_.back());
        ages_.pop_back();
    }
}

void PartitionState::pin(std::string_view id) {
    Cached& cached = cache_.at(std::string(id));
    if (cached.pins++ == 0) pinned_.splice(pinned_.begin(), ages_, cached.age);
}

void PartitionState::unpin(std::string_view id) {
    const auto found = cache_.find(std::string(id));
    assert(found != cache_.end() && found->second.pins > 0);
    if (--found->second.pins == 0) ages_.splice(ages_.begin(), pinned_, found->second.age);
}

FoldFailure PartitionState::fold(const v1::Entry& entry, Sequence sequence,
                                 std::vector<Change>& changes) {
    if (!touches_aggregate(entry)) return {};
    Aggregate& touched = aggregate(entry.aggregate_id());
    const bool known = test_hooks::mutant(Mutant::snapshot_by_version_alone)
                           ? entry.events_size() > 0 && entry.version() <= touched.version.value
                           : sequence <= touched.sequence;
    if (known) {
        // Out of a snapshot that no marker may have vouched for: it stays dirty.
        changes.push_back(touched.as_it_is(entry.aggregate_id()));
        return {};
    }
    FoldFailure failure = fold_events(touched, entry, sequence, partition_, domain_);
    if (failure.reason.empty()) changes.push_back(advance(touched, entry, sequence));
    return failure;
}

void PartitionState::settle(const std::vector<Change>& changes,
                            const store::StoredPosition& position) {
    store::WriteBatch batch;
    batch.position = position;
    write_changes(changes, domain_, batch);
    store_->apply(batch);
}

void PartitionState::drop_speculative() {
    cache_.clear();
    ages_.clear();
    pinned_.clear();
}

bool PartitionState::mark_page(std::string& after, Sequence sequence) {
    constexpr std::size_t page_size = 128;
    const auto page = store_->scan(aggregates_prefix, after, page_size);
    store::WriteBatch batch;
    for (const auto& [key, value] : page) {
        const auto id = std::string_view(key).substr(aggregates_prefix.size());
        batch.puts.emplace_back(mark_key(id), mark_value(sequence));
        after = key;
    }
    store_->apply(batch);
    return page.size() == page_size;
}

void note_entry(const v1::Entry& entry, Sequence sequence, Offset record,
                std::int32_t evolve_version, store::StoredPosition& position) {
    position.next_offset = entry.next_offset();
    // A marker of another evolve_version vouches for snapshots that I cannot read.
    if (entry.has_marker() && entry.marker().state_version() == evolve_version) {
        position.covered = std::max(position.covered, entry.marker().covered().sequence());
        position.marker_offset = record.value;
    }
    if (entry.has_attempt()) {
        position.attempt_offset = static_cast<std::int64_t>(entry.attempt().offset());
        position.attempt_k = entry.attempt().k();
    }
    if (!entry.has_command()) return;
    position.claims = 0;
    position.attempt_offset = -1;
    position.attempt_k = 0;
    if (sequence.value <= position.counters_sequence) return;  // out of a snapshot
    position.counters_sequence = sequence.value;
    position.last_command_offset = static_cast<std::int64_t>(entry.command().offset());
    position.last_command_time_ms = entry.command().append_time_ms();
    position.last_command_hash = entry.command().raw_hash();
}

}  // namespace foldstream::processing
