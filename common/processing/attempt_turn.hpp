// Who may decide in a process. A command that ends the process counts against the one whose attempt
// is in the log (decision 15): while one partition attempts a command, no other one decides, or it
// would be blamed for what they do.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace foldstream::processing {

// Of one process. Any thread; never waits.
class AttemptTurn {
public:
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

    // To decide commands, beside others that do. Nothing: a command is attempted.
    std::optional<Hold> decide() {
        const std::lock_guard lock(mutex_);
        if (attempted_) return std::nullopt;
        ++deciding_;
        return Hold(*this, false);
    }
    // To attempt one, from its attempt entry until its own entry is read back. Nothing: others
    // decide, or attempt.
    std::optional<Hold> attempt() {
        const std::lock_guard lock(mutex_);
        if (attempted_ || deciding_ > 0) return std::nullopt;
        attempted_ = true;
        return Hold(*this, true);
    }

private:
    void end(bool attempt) {
        const std::lock_guard lock(mutex_);
        if (attempt) {
            attempted_ = false;
        } else {
            --deciding_;
        }
    }

    std::mutex mutex_;
    std::size_t deciding_ = 0;
    bool attempted_ = false;
};

}  // namespace foldstream::processing
