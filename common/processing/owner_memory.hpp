// What a process remembers of a partition from one of its owners to the next. A rebalance ends an
// owner, and nothing else: neither the pause between claims nor what the process has survived.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/core/ids.hpp"
#include "common/processing/attempt_turn.hpp"

namespace foldstream::processing {

// The thread of the partition's owner.
struct OwnerMemory {
    std::chrono::milliseconds backoff{0};  // before the next claim but one; 0: never claimed
    std::chrono::steady_clock::time_point backoff_until;
    std::chrono::milliseconds look_again_pause{0};  // of one that stopped; 0: none has

    // The command that this process has decided without ending, and whose entry may have failed for
    // reasons of its own. Its attempt goes on.
    std::optional<Offset> survived;
    std::optional<Offset> bytes_refused;  // the broker does not even take its kept bytes
    std::optional<Offset> attempting;     // the command whose attempt entry this process has sent

    // Of deliveries: a late report must not be taken for one of the next owner's.
    std::uint64_t next_tag = 1;
};

// Of one process. Any thread; what of() gives belongs to whoever has the partition's store open.
class OwnerMemories {
public:
    OwnerMemory& of(const std::string& domain, Partition partition) {
        const std::lock_guard lock(mutex_);
        return memories_[{domain, partition}];
    }

    [[nodiscard]] AttemptTurn& turn() { return turn_; }

private:
    AttemptTurn turn_;
    std::mutex mutex_;
    std::map<std::pair<std::string, Partition>, OwnerMemory> memories_;  // stay where they are
};

}  // namespace foldstream::processing
