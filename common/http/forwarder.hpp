// Hands requests on to another HTTP server, and its answers back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/server.hpp"

namespace foldstream::http {

struct Authority {
    std::string host;
    std::uint16_t port = 80;
};
// "http://host[:port]", with nothing behind it but a slash; nothing for anything else.
std::optional<Authority> parse_authority(std::string_view url);

struct ForwardOptions {
    Authority to;
    std::chrono::milliseconds connect_timeout{2'000};
    std::chrono::milliseconds answer_timeout{65'000};  // from the whole request to the whole answer
    std::size_t max_answer_bytes = std::size_t{64} * 1024 * 1024;
    std::size_t max_idle = 64;                    // connections kept for the next requests
    std::chrono::milliseconds keep_idle{20'000};  // below what servers give an idle connection
};

// Owns a thread and the connections. Method, target, headers and body pass through, but for what
// concerns a connection alone; X-Forwarded-For gets the peer. A request that could not be sent is
// answered 503, one whose answer did not come 504 outcome-unknown: it may have been carried out. It
// is sent a second time only when it bears an Idempotency-Key and a kept connection turned out to
// be dead.
class Forwarder {
public:
    explicit Forwarder(const ForwardOptions& options);
    // What is still on its way is dropped: its Responder answers 500.
    ~Forwarder();
    // Any thread; never blocks. As many at once as there are callers.
    void forward(Request request, Responder respond);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldstream::http
