// What Postgres knows of how far the projections are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/log_tail.hpp"
#include "common/core/ids.hpp"
#include "common/postgres/connection.hpp"

namespace foldstream::cli {

// One row of foldstream.checkpoint.
struct Checkpoint {
    Partition partition;
    LogStart place;
    Offset seen_offset;
    std::string owner;  // of the projection's partition
    std::optional<std::int64_t> applied_at_ms;
    std::optional<std::string> stopped;
};

// A generation that is fed, with the checkpoints that it has.
struct FedGeneration {
    std::string projection;
    std::string domain;
    Generation generation;
    std::string state;  // active, building
    std::vector<Checkpoint> checkpoints;
};

// Of all projections. Throws postgres::Error.
std::vector<FedGeneration> read_generations(postgres::Connection& connection);

postgres::ConnectionSettings reading_settings(const std::string& url);

// The furthest place of the partition that a projection of the domain has verified and applied;
// nothing when none has. Throws postgres::Error.
std::optional<LogStart> furthest_place(postgres::Connection& connection, const std::string& domain,
                                       Partition partition);

}  // namespace foldstream::cli
