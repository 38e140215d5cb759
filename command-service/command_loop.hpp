// What command-service does: for each worker of each domain that it serves, waits until the topics
// are as they must be, then runs a worker on them until the process drains.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/fold/domain.hpp"
#include "common/kafka/settings.hpp"
#include "common/processing/worker.hpp"
#include "common/runtime/metrics.hpp"
#include "common/store/store.hpp"

namespace foldstream::command_service {

struct LoopOptions {
    kafka::Settings kafka;
    std::string instance;
    processing::OwnerLimits limits;
    std::uint32_t queued_kbytes = 16 * 1024;
    std::chrono::milliseconds decide_budget{10'000};
};

// One worker's thread: run() is its life. The rest from any thread.
class CommandLoop {
public:
    // Store, memories and metrics are the process's.
    CommandLoop(const fold::DomainModule& domain, LoopOptions options, store::Store& store,
                processing::OwnerMemories& memories, runtime::Metrics& metrics);

    // Returns after drain(). A broker that cannot be reached, or topics that are not as they must
    // be, are waited for, loudly.
    void run();
    void drain();

    // Empty = fine, else a sentence.
    [[nodiscard]] std::string why_not_alive() const;
    [[nodiscard]] std::string why_not_ready() const;

private:
    // The partition count, once the topics are right; nothing when draining.
    std::optional<std::int32_t> wait_for_topics();
    void wait_before_trying_again(const std::string& why);

    const fold::DomainModule& domain_;
    LoopOptions options_;
    store::Store& store_;
    processing::OwnerMemories& memories_;
    runtime::Metrics& metrics_;

    mutable std::mutex mutex_;
    std::condition_variable drained_;
    bool draining_ = false;
    std::string waiting_for_ = "has not looked at its topics yet";
    std::unique_ptr<processing::Worker> worker_;
};

}  // namespace foldstream::command_service
