// What a client asks of the gateway, and who takes it: routes and batches know no more of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command-service/in_flight.hpp"
#include "common/codec/json.hpp"
#include "common/fold/domain.hpp"
#include "common/http/server.hpp"

namespace foldstream::command_service {

// How messages about what stands around the command call it.
enum class Words : std::uint8_t {
    headers,  // Idempotency-Key, If-Match
    members,  // commandId, expectedVersion
};

struct Submission {
    const fold::DomainModule* domain = nullptr;
    const fold::CommandType* type = nullptr;
    std::optional<std::string> key;         // the aggregate's id, where the path names it
    std::optional<std::string> command_id;  // nothing: a fresh one is made
    std::optional<std::string> expected_version;
    bool if_match = false;  // that is what gave the version
    bool dry_run = false;
    std::string traceparent;
    std::string_view body;                     // JSON; empty is {}
    std::vector<codec::Violation> violations;  // found already
    Words words = Words::headers;
    std::string client;
    Wish wish = Wish::outcome;
    std::chrono::steady_clock::time_point deadline;
};

using Respond = std::function<void(http::Response)>;

class Door {
public:
    virtual ~Door() = default;
    // Any thread; does not block. `admitted`: `respond` is called once, here or later, on any
    // thread. Otherwise it is not, and nothing has happened.
    virtual Admission submit(const Submission& submission, Respond respond) = 0;
};

}  // namespace foldstream::command_service
