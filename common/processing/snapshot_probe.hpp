// The metrics of a partition's snapshots. Names and help stand in the .cpp alone.
#pragma once

#include <chrono>
#include <string>

#include "common/core/ids.hpp"
#include "common/runtime/metrics.hpp"

namespace foldstream::processing {

// One for each partition; its owner's thread.
class SnapshotProbe {
public:
    SnapshotProbe(runtime::Metrics& metrics, const std::string& domain, Partition partition);

    // A round's aggregate, handed to the producer.
    void written();
    // Its marker was read back.
    void marked();
    // It ended before.
    void ended_early();
    void marker_age(std::chrono::milliseconds age);

    void restored();
    // From empty, because of what the log showed behind one that was done.
    void restored_again();
    // No way on: the snapshots cannot be read, or one restore too many ended in a gap.
    void restore_broken();

private:
    prometheus::Counter& written_;
    prometheus::Counter& marked_;
    prometheus::Counter& ended_early_;
    prometheus::Gauge& marker_age_;
    prometheus::Counter& restored_;
    prometheus::Counter& restored_again_;
    prometheus::Counter& restore_broken_;
};

}  // namespace foldstream::processing
