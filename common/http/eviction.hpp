// Who has to go when one more connection comes than there is room for. Inside common/http only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace foldstream::http {

class Connection;

// What a connection is about. The first ones go first; among equals who has been at it longest.
enum class Doing : std::uint8_t {
    leaving,   // its last answer is out
    nothing,   // it has never asked for anything
    resting,   // between two requests
    arriving,  // a request comes in
    taking,    // an answer goes out
    working,   // its request is being answered, or it is gone already: it stays
};

// A request that takes longer than this to come in, or an answer to go out, may have to go. Of
// honest clients that is one on a slow line, and only while everybody else is slow, too.
inline constexpr std::chrono::milliseconds slow_after{1'000};

// What a connection is doing, and since when: as one number, so that any thread can read it.
class Standing {
public:
    using Time = std::chrono::steady_clock::time_point;

    Standing() = default;
    Standing(Doing doing, Time since);

    [[nodiscard]] Doing doing() const;
    [[nodiscard]] bool may_go(Time now) const;
    [[nodiscard]] std::chrono::nanoseconds age(Time now) const;
    // The smaller one goes first.
    auto operator<=>(const Standing&) const = default;

private:
    static constexpr unsigned time_bits = 61;

    [[nodiscard]] Time since() const;

    std::uint64_t bits_ = 0;
};

// Looks at all connections at once for many who may go. One thread at a time.
class Eviction {
public:
    using Connections = std::vector<std::shared_ptr<Connection>>;

    // Has one go; false when all are at work. `all` is asked for when those that were found are
    // used up.
    template <typename All>
    bool make_room(const All& all) {
        return take_next() || (look(all()), take_next());
    }

private:
    struct Candidate {
        Standing standing;
        std::weak_ptr<Connection> connection;
    };

    bool take_next();
    void look(const Connections& all);

    std::vector<Candidate> candidates_;  // the last one goes first
};

}  // namespace foldstream::http
