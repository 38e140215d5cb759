// A thread for one domain with its owners: Kafka behind the owner's ports.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "common/core/clock.hpp"
#include "common/core/random.hpp"
#include "common/fold/domain.hpp"
#include "common/kafka/settings.hpp"
#include "common/processing/owner.hpp"
#include "common/runtime/metrics.hpp"
#include "common/store/store.hpp"

namespace foldstream::processing {

struct WorkerOptions {
    const fold::DomainModule* domain = nullptr;
    std::int32_t partitions = 1;
    kafka::Settings kafka;
    OwnerLimits limits;
    std::string name;                         // of the process, for claims
    std::uint32_t queued_kbytes = 16 * 1024;  // fetched ahead, a partition and consumer
    // One command that is decided longer ends the process.
    std::chrono::milliseconds decide_budget{10'000};
};

// run() is the thread's whole life; the rest may be called from any thread.
class Worker {
public:
    // Store, memories and metrics are the process's, and outlive the worker.
    Worker(WorkerOptions options, store::Store& store, OwnerMemories& memories,
           runtime::Metrics& metrics);
    ~Worker();

    // Joins the group, works until drain() was called and everything decided is read back (or 10 s
    // are over), leaves the group. Throws kafka::Error when the broker cannot be reached at the
    // start, or when a producer that is beyond use is to be replaced; std::runtime_error when the
    // topic has got more partitions.
    void run();
    void drain() { draining_ = true; }

    // Empty = fine, else a sentence: for /healthz and /readyz.
    [[nodiscard]] std::string why_not_alive() const;
    [[nodiscard]] std::string why_not_ready() const;

private:
    struct Kafka;
    struct Seat;

    void connect();
    void follow_assignment();
    void assignment_changed();
    bool work();
    [[nodiscard]] bool waits_for_turn() const;
    void keep_producers();
    void keep(std::unique_ptr<kafka::Producer>& producer, const std::string& topic,
              const kafka::Producer::Report& report, void (Owner::*lost)());
    void commit_for_lag_tools();
    void watch_transactions();
    void publish();
    [[nodiscard]] bool all_idle() const;

    WorkerOptions options_;
    store::Store& store_;
    OwnerMemories& memories_;
    runtime::Metrics& metrics_;
    SystemClock clock_;
    KernelRandom random_;
    std::unique_ptr<Kafka> kafka_;
    std::set<Partition> wanted_;  // assigned by the group
    std::map<Partition, std::unique_ptr<Seat>> seats_;
    std::int32_t replies_partitions_ = 0;
    std::chrono::steady_clock::time_point next_commit_;

    std::atomic<bool> draining_{false};
    std::atomic<std::chrono::steady_clock::time_point> last_round_;
    mutable std::mutex mutex_;
    std::string not_ready_ = "has not joined the group yet";
};

}  // namespace foldstream::processing
