// One partition of one projection as the poll thread sees it: who owns it, what has been read, what
// is being applied. No Kafka and no Postgres in here: records come in, jobs go out, results come
// back.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/core/clock.hpp"
#include "common/core/random.hpp"
#include "common/fold/domain.hpp"
#include "common/replay/log_reader.hpp"
#include "projector/applier.hpp"
#include "projector/backoff.hpp"
#include "projector/batch.hpp"
#include "projector/projection_probe.hpp"

namespace foldstream::projector {

//   waiting ──acquire──> acquiring ──done──> reading ──cannot be read or applied──> ending
//    ^  ^                    │                  │                                     │
//    │  └──── back-off ──────┴── lost, fenced ──┘                      noted in the checkpoint
//    └─────────────────────── after a minute ──────────────────── stopped <───────────┘
//   released (from any state): no longer assigned; gone once no job is under way.
enum class FeedState { waiting, acquiring, reading, ending, stopped, released };
const char* name(FeedState state);

struct FeedOptions {
    std::string owner;  // who we are, for people
    std::int32_t partition_count = 0;
    std::size_t batch_events = 5'000;
    std::chrono::milliseconds flush_interval{20};
    // A batch that has as many is full, however few its events are.
    std::size_t batch_bytes = 32 * 1024 * 1024;
};

// For health, lag and the log.
struct FeedStatus {
    FeedState state = FeedState::waiting;
    std::string problem;         // empty: none
    Offset seen{0};              // applied: everything below
    Sequence applied;            // of the last applied entry
    Sequence read;               // of the last entry read
    std::int64_t oldest_ms = 0;  // append time of the oldest record read and not applied; 0 = none
};

// The poll thread's. Bounded: one batch under way and one being filled, each of batch_events or
// batch_bytes and the rest of a record.
class PartitionFeed {
public:
    using Time = std::chrono::steady_clock::time_point;

    PartitionFeed(const fold::DomainModule& domain, Partition partition, const FeedOptions& options,
                  Clock& clock, Random& random, ProjectionProbe& probe);

    // Where to start reading; once for each acquisition. Nothing: leave the reader as it is.
    std::optional<Offset> take_start();
    // The reader of this partition is to be stopped; once.
    bool take_stop();

    // True while another record is welcome.
    [[nodiscard]] bool hungry() const;
    void record(const replay::LogRecord& record);
    // Nothing more is there at the moment.
    void drained() { drained_ = true; }
    // The offset behind the last record, as the broker said last.
    void log_end(Offset end);
    // The reader cannot go on, whatever it tries.
    void unreadable(const std::string& reason);
    // The reader could not be started: acquire again after a pause.
    void interrupted(const std::string& reason);

    // The next job, when it is time for one.
    std::optional<JobWork> next_job();
    void finished(JobResult result);
    // When next_job() may have something without anything else happening.
    [[nodiscard]] Time due() const;

    // No longer assigned, or assigned again.
    void release();
    void assign();
    [[nodiscard]] bool gone() const { return state_ == FeedState::released && !under_way_; }

    [[nodiscard]] FeedStatus status() const;

private:
    void end(const std::string& reason);
    void start_over(JobEnd why, const std::string& reason, Backoff& backoff);
    void drop_batches();
    void acquired(Ownership ownership);
    void applied(const JobResult& result);
    void apply_failed(JobResult result);
    [[nodiscard]] bool full() const;
    [[nodiscard]] bool has_news() const;
    [[nodiscard]] Time apply_due() const;
    [[nodiscard]] Batch& open();
    [[nodiscard]] Time now() const { return clock_.steady(); }

    const fold::DomainModule& domain_;
    const Partition partition_;
    const FeedOptions& options_;
    Clock& clock_;
    Random& random_;
    ProjectionProbe& probe_;

    FeedState state_ = FeedState::waiting;
    std::string problem_;
    Time wake_at_{};  // of waiting and stopped; of a batch that failed transiently
    Backoff transient_;
    Backoff fenced_;

    std::int64_t owner_epoch_ = 0;
    Reached applied_;
    replay::LogReader log_;
    std::optional<Offset> start_;
    bool stop_reading_ = false;

    std::unique_ptr<Batch> open_;
    Time open_since_{};
    bool drained_ = false;
    Offset log_end_{0};
    Time written_at_ = Time::min();  // the last time a checkpoint was written

    bool under_way_ = false;        // a job
    bool forsaken_ = false;         // it was submitted before a release: its result changes nothing
    std::unique_ptr<Batch> again_;  // failed transiently, goes again at wake_at_
    std::int64_t under_way_oldest_ms_ = 0;
};

}  // namespace foldstream::projector
