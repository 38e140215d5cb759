// Reads one partition of D.snapshots.
#pragma once

#include <functional>
#include <string>

#include "cli/console.hpp"
#include "common/core/ids.hpp"
#include "common/processing/ports.hpp"

namespace foldstream::cli {

// Gives every record up to the partition's end, as it is when it is reached; views live during the
// call. Throws kafka::Error when it cannot be read, or Kafka gives nothing for 10 s.
void scan_snapshots(const Connections& connections, const Console& console,
                    const std::string& domain, Partition partition,
                    const std::function<void(const processing::SnapshotRecord&)>& on_record);

}  // namespace foldstream::cli
