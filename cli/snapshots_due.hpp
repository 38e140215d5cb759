// Whether an owner has something to write into the snapshots, as far as the log says. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/core/ids.hpp"
#include "common/processing/aggregate.hpp"
#include "foldstream/v1/log.pb.h"
#include "foldstream/v1/platform.pb.h"

namespace foldstream::cli {

// Fed with every valid entry in order, from what a marker covers or from the log's start.
class SnapshotsDue {
public:
    // `state_version`: a marker of another one vouches for nothing.
    SnapshotsDue(std::int32_t state_version, Sequence covered)
        : state_version_(state_version), covered_(covered), any_(covered.value > 0) {}

    void feed(const v1::Entry& entry, Sequence sequence) {
        if (entry.has_marker() && entry.marker().state_version() == state_version_) {
            covered_ = std::max(covered_, Sequence(entry.marker().covered().sequence()));
        }
        const bool touches = processing::touches_aggregate(entry);
        any_ = any_ || touches;
        // Whoever forgets the snapshots writes all of them anew.
        const bool forgets = entry.outcome() == v1::OUTCOME_ACCEPTED &&
                             entry.command_type() == v1::DeleteSnapshots::descriptor()->full_name();
        if (touches || (forgets && any_)) changed_ = sequence;
    }

    // Everything up to here is in the snapshots; 0: there is no marker.
    [[nodiscard]] Sequence covered() const { return covered_; }
    // The last entry that a snapshot must have.
    [[nodiscard]] Sequence changed() const { return changed_; }
    [[nodiscard]] bool covers(Sequence sequence) const { return covered_ >= sequence; }

private:
    std::int32_t state_version_;
    Sequence covered_;
    Sequence changed_;
    bool any_;
};

}  // namespace foldstream::cli
