#include "common/processing/partition_state.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
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

CachedAggregate& PartitionState::cached(std::string_view id) {
    const auto found = cache_.find(id);
    if (found != cache_.end()) {
        const auto at = found->second;
        if (at->pins == 0) ages_.splice(ages_.begin(), ages_, at);
        return *at;
    }
    trim();
    ages_.push_front({std::string(id), load_aggregate(*store_, domain_, id), {}, 0, {}});
    const auto at = ages_.begin();
    at->self = at;
    cache_.emplace(at->id, at);
    return *at;
}

void PartitionState::trim() {
    while (ages_.size() >= cached_aggregates) {
        cache_.erase(ages_.back().id);
        ages_.pop_back();
    }
}

void PartitionState::pin(Change& change, CachedAggregate& touched) {
    if (touched.pins++ == 0) pinned_.splice(pinned_.begin(), ages_, touched.self);
    change.of = &touched;
}

void PartitionState::unpin(CachedAggregate& cached) {
    assert(cached.pins > 0);
    if (--cached.pins == 0) ages_.splice(ages_.begin(), pinned_, cached.self);
}

FoldFailure PartitionState::fold(const v1::Entry& entry, Sequence sequence,
                                 std::vector<Change>& changes) {
    if (!touches_aggregate(entry)) return {};
    CachedAggregate& at = cached(entry.aggregate_id());
    Aggregate& touched = at.aggregate;
    const bool known = test_hooks::mutant(Mutant::snapshot_by_version_alone)
                           ? entry.events_size() > 0 && entry.version() <= touched.version.value
                           : sequence <= touched.sequence;
    if (known) {
        // Out of a snapshot that no marker may have vouched for: it stays dirty.
        pin(changes.emplace_back(touched.as_it_is()), at);
        return {};
    }
    FoldFailure failure = fold_events(touched, entry, sequence, partition_, domain_);
    if (failure.reason.empty()) {
        pin(changes.emplace_back(advance(touched, entry, sequence)), at);
    }
    return failure;
}

void PartitionState::settle(std::vector<Change> changes, const store::StoredPosition& position) {
    unwritten_position_ = position;
    for (Change& change : changes) {
        CachedAggregate& touched = *change.of;
        if (touched.unwritten) {
            unpin(touched);
        } else {
            touched.unwritten.emplace().evicted_from = change.evicted_from;
            unwritten_.push_back(&touched);
        }
        touched.unwritten->add(std::move(change));
    }
    if (position.position.sequence.value - written_.value >= most_unwritten_entries ||
        unwritten_.size() >= most_unwritten_aggregates) {
        write_back();
    }
}

bool PartitionState::write_back() {
    if (!unwritten_position_) return false;
    // In the order of their keys: the store finds the place of one from that of the one before.
    std::sort(unwritten_.begin(), unwritten_.end(),
              [](const auto* a, const auto* b) { return a->id < b->id; });
    store::WriteBatch batch;
    std::vector<store::KeyValue> aggregates;
    std::vector<store::KeyValue> marks;
    std::size_t bytes = 0;
    const auto apply = [&] {
        for (auto* puts : {&aggregates, &marks}) {
            std::move(puts->begin(), puts->end(), std::back_inserter(batch.puts));
            puts->clear();
        }
        store_->apply(batch);
        batch = {};
        bytes = 0;
    };
    for (CachedAggregate* touched : unwritten_) {
        Unwritten& changes = *touched->unwritten;
        const std::size_t before = batch.puts.size();
        write_slots(touched->id, changes, *store_, batch);
        for (std::size_t i = before; i < batch.puts.size(); ++i)
            bytes += batch.puts[i].second.size();
        bytes += aggregates.emplace_back(stored(touched->id, changes.last, domain_)).second.size();
        if (changes.dirty) {
            marks.emplace_back(mark_key(touched->id), mark_value(changes.last.sequence));
        }
        touched->unwritten.reset();
        unpin(*touched);
        if (bytes >= most_batch_bytes) apply();
    }
    unwritten_.clear();
    batch.position = std::exchange(unwritten_position_, std::nullopt);
    written_ = batch.position->position.sequence;
    apply();
    test_hooks::fault_point(test_hooks::FaultPoint::stored);
    return true;
}

store::StoredPosition PartitionState::position() const {
    return unwritten_position_ ? *unwritten_position_ : store_->position();
}

void PartitionState::drop_speculative() {
    write_back();
    cache_.clear();
    ages_.clear();
    pinned_.clear();
}

bool PartitionState::mark_page(std::string& after, Sequence sequence) {
    constexpr std::size_t page_size = 128;
    write_back();
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
    if (entry.has_command()) note_command(place_of(entry.command()), sequence, position);
}

void note_command(const CommandPlace& command, Sequence sequence, store::StoredPosition& position) {
    position.claims = 0;
    position.attempt_offset = -1;
    position.attempt_k = 0;
    if (sequence.value <= position.counters_sequence) return;  // out of a snapshot
    position.counters_sequence = sequence.value;
    position.last_command_offset = command.offset.value;
    position.last_command_time_ms = command.append_time_ms;
    position.last_command_hash = command.raw_hash;
}

}  // namespace foldstream::processing
