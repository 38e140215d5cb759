#include "common/http/listen_options.hpp"

namespace foldstream::http {

ServerOptions ListenOptions::serving() const {
    ServerOptions serving;
    serving.host = host;
    serving.port = port;
    serving.threads = threads;
    serving.max_connections = max_connections;
    serving.request_timeout = std::chrono::milliseconds(request_timeout_ms);
    serving.idle_timeout = std::chrono::milliseconds(idle_timeout_ms);
    serving.write_timeout = std::chrono::milliseconds(write_timeout_ms);
    return serving;
}

void add_listen_options(CLI::App& app, ListenOptions& options, const std::string& what) {
    using runtime::add;
    add(app, "--http-host", options.host, "address that " + what);
    add(app, "--http-port", options.port, "its port; 0: any free one, see the log");
    add(app, "--http-threads", options.threads, "threads that serve sockets")
        ->check(CLI::Range(1, 64));
    add(app, "--max-connections", options.max_connections,
        "open connections of clients; above it idle and slow ones have to go, and 503 when all are "
        "at work")
        ->check(CLI::Range(1, 65'536));
    add(app, "--request-timeout-ms", options.request_timeout_ms,
        "for a whole request to arrive, ms; then 408")
        ->check(CLI::Range(10, 600'000));
    add(app, "--idle-timeout-ms", options.idle_timeout_ms,
        "that a connection stays open without a request, ms")
        ->check(CLI::Range(10, 600'000));
    add(app, "--write-timeout-ms", options.write_timeout_ms,
        "for a client to take an answer, ms; then it is closed")
        ->check(CLI::Range(10, 600'000));
}

}  // namespace foldstream::http
