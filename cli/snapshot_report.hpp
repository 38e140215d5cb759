// What `foldctl snapshots …` says. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/snapshot_census.hpp"
#include "common/core/ids.hpp"

namespace foldstream::cli {

// One partition in `snapshots count`.
struct SnapshotCount {
    Partition partition;
    SnapshotCensus::Counts counts;
    std::optional<v1::MarkerPointer> marker;
    // Why a restore cannot begin at the marker; nothing: it is in the log, and valid.
    std::optional<std::string> marker_problem;
    std::optional<Sequence> log_sequence;  // of the last valid entry; nothing: the log is unread
    std::optional<std::string> stopped;    // why the log cannot be read

    // Log entries that a restore folds; nothing when the log could not be read.
    [[nodiscard]] std::optional<std::uint64_t> behind() const;
};

std::string count_text(const std::vector<SnapshotCount>& partitions);
std::string count_json(const std::string& domain, const std::vector<SnapshotCount>& partitions);

std::string show_text(const std::string& key, Partition partition,
                      const SnapshotSearch::Found& found);
std::string show_json(const std::string& key, Partition partition,
                      const SnapshotSearch::Found& found);

// What became of CreateSnapshots or DeleteSnapshots in one partition.
struct SnapshotOrder {
    enum class End : std::uint8_t {
        written,    // a marker covers all that had changed
        clean,      // nothing had changed since the marker
        deleted,    // accepted: the owner claims anew and deletes
        no_marker,  // accepted, but no marker came in time
        sent,       // delivered, and nobody looked
        refused,    // with the entry's code
        unknown,    // no entry, or no proof of delivery
    };
    Partition partition;
    End end = End::unknown;
    std::string command_id;
    std::optional<Sequence> sequence;  // of its entry
    Sequence covered;                  // of the marker; 0: there is none
    std::string code;                  // of a refusal
    std::uint32_t waited_seconds = 0;

    [[nodiscard]] bool fine() const {
        return end == End::written || end == End::clean || end == End::deleted || end == End::sent;
    }
};

std::string order_text(const std::string& domain, const SnapshotOrder& order);
std::string orders_json(const std::string& domain, const std::vector<SnapshotOrder>& orders);

}  // namespace foldstream::cli
