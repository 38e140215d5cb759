#include "common/processing/decide_watchdog.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

constexpr int looks_a_budget = 4;

void end_the_process(const std::string& what) {
    runtime::Logger("watchdog").error(what);
    ::kill(::getpid(), SIGKILL);
}

}  // namespace

DecideWatchdog::DecideWatchdog(std::string domain, std::chrono::milliseconds budget, Over over)
    : domain_(std::move(domain)),
      budget_(budget),
      over_(over ? std::move(over) : end_the_process),
      thread_([this] { watch(); }) {}

DecideWatchdog::~DecideWatchdog() {
    {
        const std::lock_guard lock(mutex_);
        end_ = true;
    }
    ended_.notify_all();
    thread_.join();
}

void DecideWatchdog::begins(Partition partition, Offset command) {
    partition_.store(partition.value, std::memory_order_relaxed);
    command_.store(command.value, std::memory_order_relaxed);
    decided_.fetch_add(1, std::memory_order_release);
}

void DecideWatchdog::ends() { decided_.fetch_add(1, std::memory_order_release); }

// No clock is read where commands are decided: the same odd count at every look for a whole budget
// means that one decision lasts longer.
void DecideWatchdog::watch() {
    const auto pause = std::max(budget_ / looks_a_budget, std::chrono::milliseconds(1));
    std::uint64_t seen = 0;
    int looks = 0;
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, pause, [this] { return end_; })) {
        const std::uint64_t now = decided_.load(std::memory_order_acquire);
        looks = now % 2 == 1 && now == seen ? looks + 1 : 0;
        seen = now;
        if (looks <= looks_a_budget) continue;
        over_(domain_ + " partition " + std::to_string(partition_.load()) +
              ": the command at offset " + std::to_string(command_.load()) +
              " is decided for more than " + std::to_string(budget_.count()) +
              " ms (--decide-budget-seconds): the process ends");
        looks = 0;
    }
}

}  // namespace foldstream::processing
