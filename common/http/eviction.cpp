#include "common/http/eviction.hpp"

#include <algorithm>

#include "common/http/session.hpp"

namespace foldstream::http {

namespace {

// Of all connections one in so many is found at a time: a flood costs a look at everybody now and
// then, and those that were found have not stood there much longer than those that were not.
constexpr std::size_t one_in = 16;

std::uint64_t ns_of(Standing::Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

}  // namespace

Standing::Standing(Doing doing, Time since)
    : bits_(static_cast<std::uint64_t>(doing) << time_bits | ns_of(since)) {}

Doing Standing::doing() const { return static_cast<Doing>(bits_ >> time_bits); }

Standing::Time Standing::since() const {
    const auto ns = static_cast<std::int64_t>(bits_ & ((std::uint64_t{1} << time_bits) - 1));
    return Time(std::chrono::nanoseconds(ns));
}

std::chrono::nanoseconds Standing::age(Time now) const { return now - since(); }

bool Standing::may_go(Time now) const {
    switch (doing()) {
        case Doing::leaving:
        case Doing::nothing:
        case Doing::resting:
            return true;
        case Doing::arriving:
        case Doing::taking:
            return age(now) >= slow_after;
        case Doing::working:
            break;
    }
    return false;
}

bool Eviction::take_next() {
    while (!candidates_.empty()) {
        const Candidate next = std::move(candidates_.back());
        candidates_.pop_back();
        const auto connection = next.connection.lock();
        if (connection && connection->give_way(next.standing)) return true;
    }
    return false;
}

void Eviction::look(const Connections& all) {
    const auto now = std::chrono::steady_clock::now();
    for (const auto& connection : all) {
        const Standing standing = connection->standing();
        if (standing.may_go(now)) candidates_.push_back({standing, connection});
    }
    const auto sooner = [](const Candidate& a, const Candidate& b) {
        return a.standing < b.standing;
    };
    const std::size_t most = std::min(candidates_.size(), all.size() / one_in + 1);
    const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(most);
    std::partial_sort(candidates_.begin(), end, candidates_.end(), sooner);
    candidates_.erase(end, candidates_.end());
    std::reverse(candidates_.begin(), candidates_.end());
}

}  // namespace foldstream::http
