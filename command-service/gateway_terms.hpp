// What a request's headers ask for beside its command. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "command-service/in_flight.hpp"
#include "common/codec/json.hpp"
#include "common/http/server.hpp"

namespace foldstream::command_service {

inline constexpr std::chrono::seconds default_wait{10};
inline constexpr std::chrono::seconds max_wait{60};

struct Terms {
    std::optional<std::string> command_id;  // Idempotency-Key
    std::optional<std::string> if_match;    // the version that stands between the quotes
    bool dry_run = false;
    Wish wish = Wish::outcome;
    std::chrono::milliseconds wait = default_wait;
    std::string traceparent;  // empty: none
};

struct ReadTerms {
    Terms terms;
    std::vector<codec::Violation> violations;  // name the header, or the parameter
};
// Looks at the form alone: whether an id or a version can be one is the command's own check.
ReadTerms read_terms(const http::Request& request);

// Who sends, for the limits: the peer's address, or the one that a trusted forwarder got it from.
std::string client_of(const http::Request& request, const std::vector<std::string>& trusted);

}  // namespace foldstream::command_service
