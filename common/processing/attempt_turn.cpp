#include "common/processing/attempt_turn.hpp"

namespace foldstream::processing {

std::optional<AttemptTurn::Hold> AttemptTurn::decide(Time now) {
    const std::lock_guard lock(mutex_);
    const bool attempted = attempted_ && now - began_ < longest_attempt;
    if (attempted) {
        kept_others_ = true;
        asked_ = now;
    }
    if (attempted || now < wished_until_) return std::nullopt;
    ++deciding_;
    return Hold(*this, false);
}

std::optional<AttemptTurn::Hold> AttemptTurn::attempt(Time now) {
    const std::lock_guard lock(mutex_);
    if (attempted_) return std::nullopt;
    // As long as it kept others, they come first.
    if (kept_others_ && now < asked_ + (asked_ - began_)) return std::nullopt;
    if (deciding_ > 0) {
        wished_until_ = now + wish_lasts;
        return std::nullopt;
    }
    attempted_ = true;
    kept_others_ = false;
    began_ = now;
    wished_until_ = {};
    return Hold(*this, true);
}

void AttemptTurn::end(bool attempt) {
    const std::lock_guard lock(mutex_);
    if (attempt) {
        attempted_ = false;
    } else {
        --deciding_;
    }
}

}  // namespace foldstream::processing
