// Watches whether a transaction that some client left open holds back a partition's commands.
#pragma once

#include <chrono>
#include <optional>

#include "common/kafka/statistics.hpp"

namespace foldstream::processing {

// One for each partition that is read; its worker's thread, as often as it likes. Pure.
class StableOffsetWatch {
public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::seconds alarming{10};
    static constexpr std::chrono::seconds between_warnings{60};

    struct Look {
        // Since the last stable offset stands at one place behind the high watermark; 0: it does
        // not.
        std::chrono::steady_clock::duration held{};
        bool warn = false;
    };
    // Nothing known (not read, or not told yet) = nothing is held back.
    Look look(const std::optional<kafka::Watermarks>& told, Time now);

private:
    std::optional<Offset> stands_;
    Time since_;
    std::optional<Time> warned_;
};

}  // namespace foldstream::processing
