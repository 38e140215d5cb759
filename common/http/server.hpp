// An HTTP/1.1 server on Boost.Beast: asynchronous, bounded in connections, head, body and time.
// Handlers get a whole request and answer through a Responder, from any thread, at once or later.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/runtime/lifecycle.hpp"
#include "common/runtime/metrics.hpp"

namespace foldstream::http {

struct Request {
    std::string method;                                      // upper case
    std::string path;                                        // percent-decoded, without the query
    std::string target;                                      // path and query as they came
    std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
    std::map<std::string, std::string, std::less<>>
        headers;  // names lower case; repeated ones joined by ", "
    std::map<std::string, std::string, std::less<>> path_values;  // of the route's {names}
    std::string route;  // the route's pattern, for metrics
    std::string peer;   // the address that the connection comes from, without its port
    std::string body;

    [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
    [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_case_name) const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

// RFC 9457 problem+json with code and detail; `extra` = further members, each value already JSON.
Response problem(int status, std::string_view code, std::string_view detail,
                 const std::vector<std::pair<std::string, std::string>>& extra = {});

// Called at most once (further calls do nothing); destroyed uncalled it answers 500. Copyable, any
// thread, also after the server has stopped.
using Responder = std::function<void(Response)>;
// Called on one of the server's threads: must not block. One that throws answers 500, and what it
// threw stands in the log only.
using Handler = std::function<void(Request, Responder)>;

// What a route takes that has larger bodies than the server's others: as they are held whole, only
// so many requests of it are read and answered at once; above it 429.
struct LargeBodies {
    std::size_t max_bytes = 0;
    std::size_t max_at_once = 1;
};

// Routes by method and pattern: literal segments win over {names}, the leftmost first. 404 and 405
// (with Allow) are problems. GET routes answer HEAD too. Filled before the server starts, then
// read-only.
class Router {
public:
    // Throws std::invalid_argument when the same method and pattern is there already.
    void add(std::string method, std::string pattern, Handler handler,
             std::optional<LargeBodies> bodies = std::nullopt);
    // Who answers what no route does below "/prefix", whatever the method, but for GET and HEAD.
    void otherwise(std::string prefix, Handler handler);

    struct Match {
        const Handler* handler = nullptr;  // null: see `allow`
        const LargeBodies* bodies = nullptr;
        std::string pattern;
        std::map<std::string, std::string, std::less<>> values;
        std::vector<std::string> allow;  // the path's methods when none of them was asked for
    };
    // `segments` of the path, percent-decoded.
    [[nodiscard]] Match find(std::string_view method,
                             const std::vector<std::string>& segments) const;

private:
    struct Route {
        std::string method;
        std::string pattern;
        std::vector<std::string> segments;
        Handler handler;
        std::optional<LargeBodies> bodies;
    };
    std::vector<Route> routes_;
    std::optional<Route> otherwise_;
};

struct ServerOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    int threads = 1;
    // Above it who has been idle for longest, or is slow, has to go; 503 when all are at work.
    std::size_t max_connections = 1024;
    std::size_t max_head_bytes = 16 * 1024;
    std::size_t max_body_bytes = 512 * 1024;
    std::chrono::milliseconds request_timeout{10'000};  // to send a whole request; then 408
    std::chrono::milliseconds idle_timeout{60'000};     // between requests
    std::chrono::milliseconds reply_timeout{65'000};    // for the handler; then 504
    std::chrono::milliseconds write_timeout{30'000};    // for the client to take the answer
};

// Listens from construction to stop() (or destruction). Throws std::system_error naming the address
// when the port is taken. `metrics` (optional, outlives the server) gets
// foldstream_http_requests_total and foldstream_http_request_duration_seconds.
class Server {
public:
    Server(const ServerOptions& options, Router router, runtime::Metrics* metrics);
    ~Server();
    [[nodiscard]] std::uint16_t port() const;
    // No new connections; what is being answered is, at most `grace`. Not from a handler.
    void stop(std::chrono::milliseconds grace);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Of a process's admin port.
inline constexpr std::size_t max_admin_connections = 64;
// /metrics, /healthz, /readyz, /buildz.
Router admin_routes(runtime::Metrics& metrics, const runtime::Health& health, std::string process);

}  // namespace foldstream::http
