// Ends the process when a domain's code does not come back: a loop in decide would stop its worker,
// and with it every partition that the worker owns. Whoever takes over comes to that command
// carefully.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "common/processing/ports.hpp"

namespace foldstream::processing {

// Told by one thread, the worker's; a thread of its own watches.
class DecideWatchdog final : public DecideWatch {
public:
    using Over = std::function<void(const std::string& what)>;

    // `over` is called on the watching thread; left out: logs and kills the process.
    DecideWatchdog(std::string domain, std::chrono::milliseconds budget, Over over = {});
    ~DecideWatchdog() override;

private:
    void begins(Partition partition, Offset command) override;
    void ends() override;
    void watch();

    std::string domain_;
    std::chrono::milliseconds budget_;
    Over over_;
    std::atomic<std::uint64_t> decided_{0};  // odd: deciding
    std::atomic<std::int32_t> partition_{0};
    std::atomic<std::int64_t> command_{0};
    std::mutex mutex_;
    std::condition_variable ended_;
    bool end_ = false;
    std::thread thread_;
};

}  // namespace foldstream::processing
