// The vocabulary of a domain's pure functions. Nothing here does I/O, reads a clock or draws a
// number.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/ids.hpp"
#include "common/core/result.hpp"
#include "common/core/uuid.hpp"

namespace foldstream::fold {

// Where and when an event stands; given to evolve and project. Views live as long as the call.
struct Meta {
    std::int64_t time_ms = 0;  // context.time of the entry
    std::string_view aggregate_id;
    Version version;  // the aggregate's, after this event
    Partition partition;
    Sequence sequence;        // of the entry
    std::uint32_t index = 0;  // of the event within its entry
    std::string_view domain;
    std::string_view principal;

    // "orders:3:1042:0"
    [[nodiscard]] std::string event_id() const;
};

// What decide may know besides the state and the command. One object a decision.
class Context {
public:
    Context(std::int64_t time_ms, std::string_view aggregate_id, std::string_view command_id,
            std::string_view principal, const Uuid& space)
        : time_ms_(time_ms),
          aggregate_id_(aggregate_id),
          command_id_(command_id),
          principal_(principal),
          space_(space) {}

    // max(append time of the deciding record, the aggregate's newest event), ms since 1970.
    [[nodiscard]] std::int64_t time_ms() const { return time_ms_; }
    [[nodiscard]] std::string_view aggregate_id() const { return aggregate_id_; }
    [[nodiscard]] std::string_view command_id() const { return command_id_; }
    [[nodiscard]] std::string_view principal() const { return principal_; }

    // UUIDv5(namespace of the domain, "<aggregate>/<command id>/<counter>"), counter from 0: the
    // same ids again when the command is decided again.
    [[nodiscard]] std::string fresh_id() const;

private:
    std::int64_t time_ms_;
    std::string_view aggregate_id_;
    std::string_view command_id_;
    std::string_view principal_;
    const Uuid& space_;
    mutable std::uint64_t counter_ = 0;
};

// A business rule that says no. `code` is one of those that the domain's module lists.
struct Rejection {
    std::string code;

    bool operator==(const Rejection&) const = default;
};

// What decide answers: events (none = accepted without effect) or a rejection. Event is the
// domain's std::variant of its event messages.
template <typename Event>
using Decision = Result<std::vector<Event>, Rejection>;

inline Failure<Rejection> reject(std::string code) { return Failure<Rejection>{{std::move(code)}}; }

}  // namespace foldstream::fold
