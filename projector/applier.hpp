// The threads that talk to Postgres. A poll thread hands them jobs and gets results back; it never
// waits for them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "common/core/bounded_queue.hpp"
#include "common/postgres/connection.hpp"
#include "projector/batch.hpp"
#include "projector/batch_writer.hpp"
#include "projector/checkpoint.hpp"
#include "projector/holdings.hpp"

namespace foldstream::projector {

struct AcquireJob {
    std::string owner;
    std::int32_t partition_count = 0;
};
struct ApplyJob {
    std::int64_t owner_epoch = 0;
    Offset expected;
    std::unique_ptr<Batch> batch;
};
struct NoteStopJob {
    std::int64_t owner_epoch = 0;
    std::string reason;
};

using JobWork = std::variant<AcquireJob, ApplyJob, NoteStopJob>;

enum class JobEnd {
    done,
    fenced,
    retry,    // passes by itself: the same job again
    lost,     // what landed is not known here: acquire again
    refused,  // the same job would fail again
};

struct JobResult {
    Partition partition;
    JobEnd end = JobEnd::done;
    std::string reason;                 // not of done
    std::optional<Ownership> acquired;  // of a done AcquireJob
    std::unique_ptr<Batch> batch;       // of an ApplyJob, given back
    std::size_t loaded = 0;             // rows that an ApplyJob had to read
    double seconds = 0;
};

// Where results go. finished() is called from applier threads; it must not block. Outlives the
// appliers.
class JobSink {
public:
    virtual ~JobSink() = default;
    virtual void finished(JobResult result) = 0;
};

struct Job {
    JobSink* sink = nullptr;
    const BatchWriter* writer = nullptr;
    Partition partition;
    JobWork what;
};

// How often an applier without work looks whether its server is there.
inline constexpr std::chrono::milliseconds idle_look{5'000};

// One thread with one connection. Connects when there is work, or when it looks around without any,
// and again after a loss, which makes it forget what it holds of its partitions. Never retries by
// itself: the result says what became of the job, and the feed decides.
class Applier {
public:
    explicit Applier(postgres::ConnectionSettings settings, HoldingLimits limits = {},
                     std::chrono::milliseconds look_interval = idle_look);
    ~Applier();  // finishes the job in hand; queued ones come back as lost
    Applier(const Applier&) = delete;
    Applier& operator=(const Applier&) = delete;

    // Any thread. Every partition has at most one job under way, which bounds the queue.
    void submit(Job job);
    // Empty, or why Postgres could not be reached the last time. Any thread.
    [[nodiscard]] std::string trouble() const;

private:
    void run();
    void look();
    void note(std::string trouble);
    void forget_if_broken();
    JobResult execute(Job& job);
    void perform(Job& job, JobResult& result);
    postgres::Connection& connection();

    const postgres::ConnectionSettings settings_;
    std::optional<postgres::Connection> connection_;
    Holdings holdings_;
    BoundedQueue<Job> jobs_;
    const std::chrono::milliseconds look_interval_;
    std::atomic<bool> closing_{false};
    mutable std::mutex mutex_;
    std::string trouble_;
    std::thread thread_;
};

// A partition of a projection always goes to the same applier.
class AppliersPool {
public:
    // `limits`: of all of them together.
    AppliersPool(const postgres::ConnectionSettings& settings, std::size_t threads,
                 HoldingLimits limits = {});
    void submit(Job job);
    // Empty, or why one of them cannot reach Postgres.
    [[nodiscard]] std::string trouble() const;

private:
    std::vector<std::unique_ptr<Applier>> appliers_;
};

}  // namespace foldstream::projector
