#include "projector/holdings.hpp"

#include <utility>

#include "common/core/test_hooks.hpp"

namespace foldstream::projector {

namespace {

// What a row costs beside its message and its key: the nodes of list and index.
constexpr std::size_t overhead_bytes = 256;

}  // namespace

bool Holding::stands_at(std::int64_t owner_epoch, Offset applied) const {
    if (test_hooks::mutant(test_hooks::Mutant::hold_whatever_the_place)) return true;
    return owner_epoch_ == owner_epoch && applied_ == applied;
}

void Holding::taken(std::int64_t owner_epoch, Offset applied,
                    const std::optional<fold::DigestVector>& digests) {
    if (!stands_at(owner_epoch - 1, applied)) drop();
    moved(owner_epoch, applied, digests);
}

void Holding::moved(std::int64_t owner_epoch, Offset applied,
                    const std::optional<fold::DigestVector>& digests) {
    owner_epoch_ = owner_epoch;
    applied_ = applied;
    digests_ = digests;
}

void Holding::drop() {
    while (!rows_.empty()) erase(rows_.begin()->second);
    digests_.reset();
    owner_epoch_ = 0;
    applied_ = Offset(-1);
}

void Holding::erase(Entries::iterator entry) {
    rows_.erase(entry->key);
    all_->bytes_ -= entry->bytes;
    all_->entries_.erase(entry);
}

std::optional<HeldRow> Holding::take(std::string_view key) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return std::nullopt;
    HeldRow row = std::move(found->second->row);
    erase(found->second);
    return row;
}

void Holding::put(std::string key, HeldRow row) {
    if (const auto held = rows_.find(key); held != rows_.end()) erase(held->second);
    const std::size_t bytes = row.message->SpaceUsedLong() + key.size() + overhead_bytes;
    all_->entries_.push_front({this, std::move(key), std::move(row), bytes});
    all_->bytes_ += bytes;
    const auto entry = all_->entries_.begin();
    rows_.emplace(entry->key, entry);
    while (all_->entries_.size() > all_->limits_.rows || all_->bytes_ > all_->limits_.bytes) {
        const auto oldest = std::prev(all_->entries_.end());
        oldest->of->erase(oldest);
    }
}

Holding& Holdings::of(const CheckpointKey& key) {
    return partitions_.try_emplace(key, *this).first->second;
}

void Holdings::clear() {
    for (auto& [key, holding] : partitions_) holding.drop();
}

}  // namespace foldstream::projector
