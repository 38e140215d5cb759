#include "common/http/listen_options.hpp"

namespace foldstream::http {

ServerOptions ListenOptions::serving() const {
    ServerOptions serving;
    serving.host = host;
    serving.port = port;
    serving.threads = threads;
    serving.max_connections = max_connections;
    return serving;
}

void add_listen_options(CLI::App& app, ListenOptions& options, const std::string& what) {
    using runtime::add;
    add(app, "--http-host", options.host, "address that " + what);
    add(app, "--http-port", options.port, "its port; 0: any free one, see the log");
    add(app, "--http-threads", options.threads, "threads that serve sockets")
        ->check(CLI::Range(1, 64));
    add(app, "--max-connections", options.max_connections,
        "open connections of clients; above it 503")
        ->check(CLI::Range(1, 65'536));
}

}  // namespace foldstream::http
