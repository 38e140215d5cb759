// Pauses between attempts: doubling, with jitter, so that many who failed together do not come back
// together.
#pragma once

#include <algorithm>
#include <chrono>

#include "common/core/random.hpp"

namespace foldstream::projector {

// One thread.
class Backoff {
public:
    using Time = std::chrono::milliseconds;

    Backoff(Time least, Time most) : least_(least), most_(most), next_(least) {}

    // Between half the pause and the whole of it.
    Time pause(Random& random) {
        const Time whole = next_;
        next_ = std::min(next_ * 2, most_);
        const auto half = static_cast<std::uint64_t>(whole.count() / 2);
        return whole - Time(static_cast<Time::rep>(random.below(half + 1)));
    }
    void reset() { next_ = least_; }

private:
    Time least_;
    Time most_;
    Time next_;
};

}  // namespace foldstream::projector
