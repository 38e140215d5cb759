// Time comes in through this interface only, so that a simulation can turn it.
#pragma once

#include <chrono>
#include <cstdint>

namespace foldstream {

// Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    // Milliseconds since 1970-01-01 UTC.
    [[nodiscard]] virtual std::int64_t wall_ms() const = 0;
    // Never goes back; for time-outs and back-off.
    [[nodiscard]] virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] std::int64_t wall_ms() const override {
        using namespace std::chrono;
        return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    }
    [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
        return std::chrono::steady_clock::now();
    }
};

// A clock that stands still until it is told to go on. Not thread-safe: for simulations on one
// thread.
class ManualClock final : public Clock {
public:
    [[nodiscard]] std::int64_t wall_ms() const override { return wall_ms_; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady() const override { return steady_; }
    void advance(std::chrono::milliseconds by) {
        wall_ms_ += by.count();
        steady_ += by;
    }

private:
    std::int64_t wall_ms_ = 1'700'000'000'000;
    std::chrono::steady_clock::time_point steady_{};
};

}  // namespace foldstream
