// The owner's metrics. Names and help stand in the .cpp alone.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/processing/snapshot_probe.hpp"
#include "common/replay/validity.hpp"
#include "common/runtime/metrics.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::processing {

// One for each partition; its owner's thread.
class OwnerProbe {
public:
    OwnerProbe(runtime::Metrics& metrics, std::string domain, Partition partition);

    // result: "sent", "valid", "lost", "failed".
    void claim(const std::string& result);
    void fenced();
    void ignored(replay::Verdict verdict);
    void epoch(Epoch epoch);
    void window(std::size_t entries);
    void takeover(std::chrono::steady_clock::duration lasted);
    void read_back(std::chrono::steady_clock::duration lasted);
    void unowned(std::chrono::steady_clock::duration since);
    void stopped(bool is);
    // The partition is no longer this process's: what its gauges said is over.
    void left();
    // Since an open transaction holds the partition's commands back.
    void held_back(std::chrono::steady_clock::duration since);
    // Commands that are left to be decided one at a time.
    void careful(std::size_t commands);
    // An attempt is in the log whose command has no entry: it ended whoever made it.
    void attempt_failed();
    // An own entry that was read back: perhaps a command that is given up.
    void final(const v1::Entry& entry);
    // After read-back; `duration` = from the command's append time, in seconds.
    void outcome(std::string_view command_type, v1::Outcome outcome, double duration);
    [[nodiscard]] SnapshotProbe& snapshots() { return snapshots_; }

private:
    runtime::Metrics& metrics_;
    std::string domain_;
    prometheus::Counter& fenced_;
    prometheus::Gauge& epoch_;
    prometheus::Gauge& window_;
    prometheus::Gauge& unowned_;
    prometheus::Gauge& stopped_;
    prometheus::Gauge& held_back_;
    prometheus::Gauge& careful_;
    prometheus::Counter& attempts_;
    prometheus::Counter& crashed_;
    prometheus::Histogram& takeover_;
    prometheus::Histogram& read_back_;
    prometheus::Histogram& duration_;
    // Asking the registry takes a lock: once for each pair.
    std::map<std::string, std::map<v1::Outcome, prometheus::Counter*>, std::less<>> outcomes_;
    SnapshotProbe snapshots_;
};

}  // namespace foldstream::processing
