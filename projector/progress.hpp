// What the poll thread of a projection and the thread that watches its lag tell each other.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "common/core/ids.hpp"
#include "projector/partition_feed.hpp"

namespace foldstream::projector {

// Any thread; every call is short.
class Progress {
public:
    using Feeds = std::map<Partition, FeedStatus>;
    using Ends = std::map<Partition, Offset>;

    // The poll thread, each time around: it lives, and this is how its partitions stand.
    // `waits_for` is empty once it serves.
    void publish(Feeds feeds, bool joined);
    void waits_for(std::string what);
    [[nodiscard]] Feeds feeds() const;

    // The watching thread: where the log's partitions end; a sentence when the broker does not say.
    void set_ends(Ends ends);
    void ends_unknown(std::string why);
    [[nodiscard]] Ends ends() const;
    // Empty, or which partitions are behind and do not move.
    void set_stalled(std::string sentence);

    // Empty = fine, else a sentence; for /healthz and /readyz.
    [[nodiscard]] std::string why_not_alive() const;
    [[nodiscard]] std::string why_not_ready() const;

private:
    using Time = std::chrono::steady_clock::time_point;
    mutable std::mutex mutex_;
    std::string waits_for_ = "has not looked at its log yet";
    Feeds feeds_;
    bool joined_ = false;
    Time beat_ = std::chrono::steady_clock::now();
    Ends ends_;
    std::string ends_problem_ = "the broker has not yet said where the log ends";
    std::string stalled_;
};

}  // namespace foldstream::projector
