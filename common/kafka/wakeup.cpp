#include "common/kafka/wakeup.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <system_error>

namespace foldstream::kafka {

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Wakeup::~Wakeup() { ::close(fd_); }

void Wakeup::ring() {
    const std::uint64_t one = 1;
    // Full (EAGAIN) means that it is rung already.
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
}

void Wakeup::wait(std::chrono::milliseconds at_most) {
    constexpr std::int64_t longest = std::numeric_limits<int>::max();
    pollfd waiting{};
    waiting.fd = fd_;
    waiting.events = POLLIN;
    const auto ms = static_cast<int>(
        std::clamp<std::int64_t>(static_cast<std::int64_t>(at_most.count()), 0, longest));
    if (::poll(&waiting, 1, ms) <= 0) return;  // time is over, or a signal: the loop looks again
    std::uint64_t rung = 0;
    [[maybe_unused]] const auto taken = ::read(fd_, &rung, sizeof rung);
}

}  // namespace foldstream::kafka
