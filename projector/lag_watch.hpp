// How far a projection is behind its log: asks the broker each second where the log ends and
// compares with what the checkpoints say. On its own thread, because the broker may let it wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/core/clock.hpp"
#include "common/core/ids.hpp"
#include "common/kafka/settings.hpp"
#include "projector/progress.hpp"
#include "projector/projection_probe.hpp"

namespace foldstream::projector {

// What can be asked of the log without reading it through. Throws kafka::Error.
class LogHead {
public:
    struct Record {
        std::int64_t append_time_ms = 0;
        Sequence last;  // of its last entry, when its frame has entries; else 0
    };
    virtual ~LogHead() = default;
    virtual Progress::Ends ends() = 0;
    // Nothing when there is no record at that offset.
    virtual std::optional<Record> record_at(Partition partition, Offset offset) = 0;
};

std::unique_ptr<LogHead> make_kafka_log_head(const kafka::Settings& settings, std::string topic);

// The figures of one look. Keeps what it must remember from one to the next.
class LagFigures {
public:
    LagFigures(Clock& clock, LogHead& head, Progress& progress, ProjectionProbe& probe);
    // Asks, compares, sets metrics, health and the ends. Throws kafka::Error.
    void look();

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Known {
        Offset seen{-1};
        Time moved_at{};
        std::optional<Time> behind_since;  // nothing: not behind
    };
    struct Lag {
        double events = 0;
        double seconds = 0;
    };
    void note_move(Known& known, const FeedStatus& feed, Time now);
    [[nodiscard]] Lag lag_of(Partition partition, const FeedStatus& feed, Offset end,
                             const Known& known, int& questions);

    Clock& clock_;
    LogHead& head_;
    Progress& progress_;
    ProjectionProbe& probe_;
    std::map<Partition, Known> known_;
};

// The thread. Ends with its object.
class LagWatch {
public:
    LagWatch(std::unique_ptr<LogHead> head, Progress& progress, ProjectionProbe& probe,
             std::function<void()> ends_known);
    ~LagWatch();
    LagWatch(const LagWatch&) = delete;
    LagWatch& operator=(const LagWatch&) = delete;

private:
    void run();

    std::unique_ptr<LogHead> head_;
    Progress& progress_;
    ProjectionProbe& probe_;
    SystemClock clock_;
    std::function<void()> ends_known_;
    std::mutex mutex_;
    std::condition_variable woken_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace foldstream::projector
