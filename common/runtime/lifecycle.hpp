// Life of a process: alive, ready, draining. SIGTERM and SIGINT ask for a drain; a second one ends
// it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace foldstream::runtime {

inline constexpr std::chrono::milliseconds drain_deadline{15'000};

// Raises the limit of open files to `wanted`, or as far as the process may; never lowers it. How
// many it may open now.
std::size_t allow_open_files(std::size_t wanted);

// Blocks SIGTERM and SIGINT in the calling thread (make it first of all in main, before any other
// thread starts, so that all inherit it) and ignores SIGPIPE. One a process. When it is destroyed
// the drain is over and nothing ends the process any more.
class Signals {
public:
    explicit Signals(std::chrono::milliseconds deadline = drain_deadline);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    // Waits for a signal or request_drain(); from then on the drain has `deadline` before the
    // process is ended with exit code 1, and another signal ends it at once.
    void wait_for_drain();
    // Ends the wait from another thread (a loop that died). Any number of times.
    void request_drain();
    [[nodiscard]] bool draining() const { return draining_; }

private:
    void watch();

    std::chrono::milliseconds deadline_;
    int signals_;    // signalfd of SIGTERM and SIGINT
    int requested_;  // eventfd: request_drain
    int over_;       // eventfd: the drain has ended well
    std::atomic<bool> draining_{false};
    std::thread watchdog_;
};

// What /healthz and /readyz answer: named checks, each empty string = fine, else the reason. A
// check that throws is not fine. Any thread; checks run on the thread that asks and must be quick.
class Health {
public:
    using Check = std::function<std::string()>;
    void alive(std::string name, Check check);
    void ready(std::string name, Check check);
    // Whether all is fine, and the JSON body.
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
