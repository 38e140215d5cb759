#include "common/processing/partition_state.hpp"

#include <cassert>
#include <utility>

namespace foldstream::processing {

PartitionState::PartitionState(const fold::DomainModule& domain, Partition partition,
                               std::unique_ptr<store::PartitionStore> store)
    : domain_(domain), partition_(partition), store_(std::move(store)) {}

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

std::string PartitionState::fold(const v1::Entry& entry, Sequence sequence,
                                 std::vector<Change>& changes) {
    if (!touches_aggregate(entry)) return {};
    Aggregate& touched = aggregate(entry.aggregate_id());
    std::string reason = fold_events(touched, entry, sequence, partition_, domain_);
    if (reason.empty()) changes.push_back(advance(touched, entry, sequence));
    return reason;
}

void PartitionState::settle(const std::vector<const Change*>& changes,
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

void PartitionState::wipe() {
    drop_speculative();
    store_->wipe();
}

void note_command(const v1::Entry& entry, store::StoredPosition& position) {
    position.next_offset = entry.next_offset();
    if (!entry.has_command()) return;
    position.last_command_offset = static_cast<std::int64_t>(entry.command().offset());
    position.last_command_time_ms = entry.command().append_time_ms();
    position.last_command_hash = entry.command().raw_hash();
}

}  // namespace foldstream::processing
