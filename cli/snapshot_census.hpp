// What one partition of D.snapshots holds, from its records in the order of their offsets. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/core/ids.hpp"
#include "common/processing/ports.hpp"
#include "common/replay/validity.hpp"
#include "foldstream/v1/store.pb.h"

namespace foldstream::cli {

// All of them. Keeps every key: about 150 bytes for each aggregate.
class SnapshotCensus {
public:
    void feed(const processing::SnapshotRecord& record);

    // Keys that are not deleted, @marker and @reset among them, with the bytes of key and value.
    [[nodiscard]] const std::unordered_map<std::string, std::size_t>& live() const { return live_; }

    // Of the aggregates' snapshots and the partition's own; without @marker and @reset.
    struct Counts {
        std::size_t aggregates = 0;
        std::size_t records = 0;
        std::size_t bytes = 0;
        // Of an aggregate that has another one, too: a late writer's, or not yet swept.
        std::size_t superfluous = 0;
    };
    [[nodiscard]] Counts counts() const;

    [[nodiscard]] const std::optional<v1::MarkerPointer>& marker() const { return marker_; }
    // The furthest record of the log that snapshots behind the last @reset were folded from, or
    // that @marker names; offset -1: none. The log must have it.
    [[nodiscard]] const replay::Position& relies_on() const { return relies_on_; }
    [[nodiscard]] const std::string& reset_id() const { return reset_id_; }
    [[nodiscard]] std::size_t unreadable() const { return unreadable_; }

private:
    void read(const std::string& key, std::string_view value);
    void rely(const v1::LogPlace& place);

    std::unordered_map<std::string, std::size_t> live_;
    std::optional<v1::MarkerPointer> marker_;
    replay::Position relies_on_;
    std::string reset_id_;
    std::size_t unreadable_ = 0;
};

// The snapshots of one aggregate.
class SnapshotSearch {
public:
    explicit SnapshotSearch(std::string aggregate) : aggregate_(std::move(aggregate)) {}

    void feed(const processing::SnapshotRecord& record);

    struct Found {
        Offset cut;     // of its round
        Offset offset;  // of its record in D.snapshots
        std::size_t bytes = 0;
        v1::Snapshot snapshot;
    };
    // The one with the greatest sequence over all cuts: what a restore takes. Nothing when there
    // is none that can be read.
    [[nodiscard]] std::optional<Found> newest() const;

private:
    std::string aggregate_;
    std::map<Offset, Found> by_cut_;
};

}  // namespace foldstream::cli
