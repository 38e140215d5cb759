#include "cli/snapshot_census.hpp"

#include <string_view>
#include <unordered_set>
#include <utility>

#include "common/processing/snapshot_record.hpp"
#include "common/replay/place.hpp"

namespace foldstream::cli {

namespace {

template <typename Message>
bool parse(std::string_view value, Message& message) {
    return message.ParseFromArray(value.data(), static_cast<int>(value.size()));
}

}  // namespace

void SnapshotCensus::feed(const processing::SnapshotRecord& record) {
    const std::string key(record.key);
    if (key == processing::marker_key) marker_.reset();
    if (record.value.empty()) {
        live_.erase(key);
        return;
    }
    live_[key] = record.key.size() + record.value.size();
    read(key, record.value);
}

void SnapshotCensus::read(const std::string& key, std::string_view value) {
    bool readable = true;
    if (key == processing::marker_key) {
        v1::MarkerPointer pointer;
        readable = parse(value, pointer);
        if (readable) rely(pointer.marker());
        if (readable) marker_ = std::move(pointer);
    } else if (key == processing::reset_key) {
        v1::PartitionReset reset;
        readable = parse(value, reset);
        relies_on_ = {};
        if (readable) reset_id_ = reset.id();
    } else if (const auto name = processing::parse_snapshot_key(key)) {
        const bool own = name->aggregate == processing::partition_name;
        v1::PartitionSnapshot partition;
        v1::Snapshot aggregate;
        readable = own ? parse(value, partition) : parse(value, aggregate);
        if (readable) rely(own ? partition.written_at() : aggregate.written_at());
    }
    if (!readable) ++unreadable_;
}

void SnapshotCensus::rely(const v1::LogPlace& place) {
    const replay::Position position = replay::position_of(place);
    if (position.offset > relies_on_.offset) relies_on_ = position;
}

SnapshotCensus::Counts SnapshotCensus::counts() const {
    Counts counts;
    std::unordered_set<std::string_view> names;
    for (const auto& [key, bytes] : live_) {
        const auto name = processing::parse_snapshot_key(key);
        if (!name) continue;
        ++counts.records;
        counts.bytes += bytes;
        const bool first = names.insert(name->aggregate).second;
        counts.superfluous += first ? 0 : 1;
        counts.aggregates += first && name->aggregate != processing::partition_name ? 1 : 0;
    }
    return counts;
}

void SnapshotSearch::feed(const processing::SnapshotRecord& record) {
    const auto name = processing::parse_snapshot_key(record.key);
    if (!name || name->aggregate != aggregate_) return;
    by_cut_.erase(name->cut);
    Found found{name->cut, record.offset, record.key.size() + record.value.size(), {}};
    if (record.value.empty() || !parse(record.value, found.snapshot)) return;
    by_cut_.emplace(name->cut, std::move(found));
}

std::optional<SnapshotSearch::Found> SnapshotSearch::newest() const {
    const Found* newest = nullptr;
    for (const auto& [cut, found] : by_cut_) {
        if (newest == nullptr ||
            found.snapshot.aggregate().sequence() > newest->snapshot.aggregate().sequence()) {
            newest = &found;
        }
    }
    return newest == nullptr ? std::nullopt : std::optional<Found>(*newest);
}

}  // namespace foldstream::cli
