#include "common/runtime/lifecycle.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

#include "common/runtime/json_text.hpp"
#include "common/runtime/log.hpp"
#include "common/runtime/options.hpp"

namespace foldstream::runtime {

namespace {

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

void ring(int event) {
    const std::uint64_t one = 1;
    // Fails only when the counter is full: then it has been rung.
    [[maybe_unused]] const ssize_t written = write(event, &one, sizeof one);
}

// Waits until one of two descriptors can be read: 0 or 1; -1 when the time is over first.
int first_of(int a, int b, std::chrono::milliseconds at_most) {
    std::array<pollfd, 2> fds{{{a, POLLIN, 0}, {b, POLLIN, 0}}};
    const auto until = std::chrono::steady_clock::now() + at_most;
    for (;;) {
        int wait = -1;
        if (at_most.count() >= 0) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                until - std::chrono::steady_clock::now());
            wait = left.count() > 0 ? static_cast<int>(left.count()) : 0;
        }
        const int ready = poll(fds.data(), fds.size(), wait);
        if (ready > 0) return fds[0].revents != 0 ? 0 : 1;
        if (ready == 0) return -1;
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
    }
}

constexpr std::chrono::milliseconds for_ever{-1};

const Logger& logger() {
    static const Logger* const only = new Logger("lifecycle");  // outlives every thread
    return *only;
}

}  // namespace

std::size_t allow_open_files(std::size_t wanted) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}

Signals::Signals(std::chrono::milliseconds deadline) : deadline_(deadline) {
    const sigset_t set = ending_signals();
    if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
        throw std::system_error(error, std::generic_category(), "pthread_sigmask");
    }
    // A peer that has gone is an error of that write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    signals_ = checked(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
    requested_ = checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    over_ = checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
}

Signals::~Signals() {
    ring(over_);
    if (watchdog_.joinable()) watchdog_.join();
    close(signals_);
    close(requested_);
    close(over_);
}

void Signals::wait_for_drain() {
    if (first_of(signals_, requested_, for_ever) == 0) {
        signalfd_siginfo taken{};
        const ssize_t got = read(signals_, &taken, sizeof taken);
        logger().info("draining", {{"signal", got > 0 ? taken.ssi_signo : 0U},
                                   {"deadline_ms", deadline_.count()}});
    } else {
        logger().warning("draining on request", {{"deadline_ms", deadline_.count()}});
    }
    draining_ = true;
    watchdog_ = std::thread([this] { watch(); });
}

void Signals::request_drain() { ring(requested_); }

void Signals::watch() {
    const int first = first_of(over_, signals_, deadline_);
    if (first == 0) return;
    logger().error(first == 1 ? "ended by a second signal" : "the drain took too long");
    _exit(exit_failed);
}

void Health::alive(std::string name, Check check) {
    const std::lock_guard lock(mutex_);
    alive_[std::move(name)] = std::move(check);
}

void Health::ready(std::string name, Check check) {
    const std::lock_guard lock(mutex_);
    ready_[std::move(name)] = std::move(check);
}

std::pair<bool, std::string> Health::alive() const { return run(alive_); }
std::pair<bool, std::string> Health::ready() const { return run(ready_); }

std::pair<bool, std::string> Health::run(const std::map<std::string, Check>& checks) const {
    std::map<std::string, Check> copy;
    {
        const std::lock_guard lock(mutex_);  // not while the checks run: they take their own locks
        copy = checks;
    }
    bool fine = true;
    std::string list;
    for (const auto& [name, check] : copy) {
        std::string reason;
        try {
            reason = check();
        } catch (const std::exception& e) {
            reason = std::string("the check failed: ") + e.what();
        }
        fine = fine && reason.empty();
        list += list.empty() ? "" : ",";
        append_json_text(name, list);
        list += ':';
        append_json_text(reason.empty() ? "ok" : reason, list);
    }
    std::string body = R"({"status":")";
    body += fine ? "ok" : "failed";
    return {fine, body + R"(","checks":{)" + list + "}}"};
}

}  // namespace foldstream::runtime
