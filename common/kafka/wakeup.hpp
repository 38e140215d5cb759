// One file descriptor on which a loop sleeps until any of its queues has something (eventfd).
#pragma once

#include <chrono>

namespace foldstream::kafka {

// ring() from any thread (librdkafka's too), wait() from the loop's thread. Owns the descriptor.
class Wakeup {
public:
    Wakeup();
    ~Wakeup();
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    void ring();
    // Returns at once when rung since the last wait.
    void wait(std::chrono::milliseconds at_most);
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

}  // namespace foldstream::kafka
