#include "command-service/command_loop.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::command_service {

namespace {

constexpr std::chrono::seconds pause_before_retry{2};

const runtime::Logger& logger() {
    static const runtime::Logger instance("commands");
    return instance;
}

}  // namespace

CommandLoop::CommandLoop(const fold::DomainModule& domain, LoopOptions options, store::Store& store,
                         processing::OwnerMemories& memories, runtime::Metrics& metrics)
    : domain_(domain),
      options_(std::move(options)),
      store_(store),
      memories_(memories),
      metrics_(metrics) {}

void CommandLoop::run() {
    while (const auto partitions = wait_for_topics()) {
        processing::Worker* worker = nullptr;
        {
            const std::lock_guard lock(mutex_);
            worker_ = std::make_unique<processing::Worker>(
                processing::WorkerOptions{&domain_, *partitions, options_.kafka, options_.limits,
                                          options_.instance, options_.queued_kbytes,
                                          options_.decide_budget},
                store_, memories_, metrics_);
            worker = worker_.get();
            if (draining_) worker->drain();
        }
        try {
            worker->run();
            return;
        } catch (const kafka::Error& error) {
            if (!error.retry()) throw;
            {
                const std::lock_guard lock(mutex_);
                worker_.reset();
            }
            wait_before_trying_again(error.what());
        }
    }
}

std::optional<std::int32_t> CommandLoop::wait_for_topics() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (draining_) return std::nullopt;
        }
        std::string why;
        try {
            kafka::Admin admin(options_.kafka);
            const kafka::DomainTopics topics = kafka::verify_domain(admin, domain_.name);
            if (topics.weakness) logger().warning(*topics.weakness, {{"domain", domain_.name}});
            if (topics.differences.empty()) return topics.partitions;
            for (const std::string& difference : topics.differences) why += difference + "; ";
            why += "foldctl topics apply creates what is missing";
        } catch (const kafka::Error& error) {
            if (!error.retry()) throw;
            why = error.what();
        }
        wait_before_trying_again(why);
    }
}

void CommandLoop::wait_before_trying_again(const std::string& why) {
    logger().warning("waits: " + why, {{"domain", domain_.name}});
    std::unique_lock lock(mutex_);
    waiting_for_ = why;
    drained_.wait_for(lock, pause_before_retry, [this] { return draining_; });
}

void CommandLoop::drain() {
    {
        const std::lock_guard lock(mutex_);
        draining_ = true;
        if (worker_) worker_->drain();
    }
    drained_.notify_all();
}

std::string CommandLoop::why_not_alive() const {
    const std::lock_guard lock(mutex_);
    return worker_ ? worker_->why_not_alive() : std::string();
}

std::string CommandLoop::why_not_ready() const {
    const std::lock_guard lock(mutex_);
    return worker_ ? worker_->why_not_ready() : waiting_for_;
}

}  // namespace foldstream::command_service
