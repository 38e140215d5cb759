// Life of a process: alive, ready, draining. SIGTERM and SIGINT ask for a drain; a second one ends
// it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace foldstream::runtime {

// Blocks SIGTERM and SIGINT in the calling thread (call before any other thread starts) and returns
// when one comes.
class Signals {
public:
    Signals();
    // Waits for a signal; then the drain has 15 s before the process is ended with exit code 1.
    void wait_for_drain();
    // Ends the wait from another thread (a loop that died).
    void request_drain();

private:
    std::atomic<bool> requested_{false};
};

// What /healthz and /readyz answer: named checks, each nullopt-like empty string = fine, else the
// reason. Any thread.
class Health {
public:
    using Check = std::function<std::string()>;
    void alive(std::string name, Check check);
    void ready(std::string name, Check check);
    // JSON body and whether all is fine.
    [[nodiscard]] std::pair<bool, std::string> alive() const;
    [[nodiscard]] std::pair<bool, std::string> ready() const;

private:
    [[nodiscard]] std::pair<bool, std::string> run(
        const std::map<std::string, Check>& checks) const;
    mutable std::mutex mutex_;
    std::map<std::string, Check> alive_;
    std::map<std::string, Check> ready_;
};

}  // namespace foldstream::runtime
