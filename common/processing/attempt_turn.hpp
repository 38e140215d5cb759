// Who may decide in a process. A command that ends the process counts against the one whose attempt
// is in the log (decision 15): while one partition attempts a command, no other one decides, or it
// would be blamed for what they do.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace foldstream::processing {

// Of one process. Any thread; never waits: who is refused asks again soon.
class AttemptTurn {
public:
    using Time = std::chrono::steady_clock::time_point;

    // A log that does not take the attempt's entry must not hold the others back for longer.
    static constexpr std::chrono::seconds longest_attempt{5};
    // For as long nobody begins to decide after an attempt was refused, so that those who do come
    // to an end. Who was refused asks again before that.
    static constexpr std::chrono::milliseconds wish_lasts{100};

    // What was asked for, until it is destroyed.
    class Hold {
    public:
        Hold(Hold&& other) noexcept
            : turn_(std::exchange(other.turn_, nullptr)), attempts_(other.attempts_) {}
        Hold& operator=(Hold&& other) noexcept {
            std::swap(turn_, other.turn_);
            std::swap(attempts_, other.attempts_);
            return *this;
        }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        ~Hold() {
            if (turn_ != nullptr) turn_->end(attempts_);
        }

    private:
        friend class AttemptTurn;
        Hold(AttemptTurn& turn, bool attempts) : turn_(&turn), attempts_(attempts) {}

        AttemptTurn* turn_;
        bool attempts_;
    };

    // To decide commands, beside others that do. Nothing: a command is attempted, or is about to
    // be.
    std::optional<Hold> decide(Time now);
    // To attempt one, from its attempt entry until its own entry is read back. Nothing: others
    // decide or attempt, or have been kept from deciding and come first: for as long as the last
    // attempt lasted.
    std::optional<Hold> attempt(Time now);

private:
    void end(bool attempt);

    std::mutex mutex_;
    std::size_t deciding_ = 0;
    bool attempted_ = false;
    bool kept_others_ = false;  // the attempt that goes on, or the last one
    Time began_;                // it
    Time asked_;                // last by anybody, while it went on
    Time wished_until_;
};

}  // namespace foldstream::processing
