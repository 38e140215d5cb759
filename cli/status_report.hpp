// One screen of how far everything is. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/checkpoints.hpp"
#include "common/core/ids.hpp"

namespace foldstream::cli {

// A log's partitions: the offset behind the last record.
using Heads = std::map<Partition, Offset>;

struct PartitionStatus {
    Partition partition;
    Offset head;
    Offset seen;  // everything below has been read
    Sequence sequence;
    Epoch epoch;                        // of the log, as far as it was applied
    std::int64_t lag_records = 0;       // head - seen
    std::optional<double> lag_seconds;  // age of the oldest record not read; 0 without lag
    std::string owner;
    std::optional<std::string> stopped;  // why it stands still
    bool started = true;                 // it has a checkpoint
};

struct ProjectionStatus {
    std::string projection;
    std::string domain;
    Generation generation;
    std::string state;
    std::vector<PartitionStatus> partitions;
};

// What a log says of its own partitions (--owners).
struct OwnerStatus {
    std::string domain;
    Partition partition;
    Epoch epoch;
    std::string owner;  // of the last valid claim
    Sequence sequence;
    std::uint64_t ignored = 0;  // records that do not count
    std::optional<std::string> stopped;
};

// Every partition of the log, those without a checkpoint at its start; lag_seconds is left open.
ProjectionStatus status_of(const FedGeneration& fed, const Heads& heads);

std::string status_text(const std::vector<ProjectionStatus>& projections,
                        const std::vector<OwnerStatus>& owners);
std::string status_json(const std::vector<ProjectionStatus>& projections,
                        const std::vector<OwnerStatus>& owners);

}  // namespace foldstream::cli
