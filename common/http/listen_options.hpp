// What the operator can turn of a server for clients.
#pragma once

#include <cstdint>
#include <string>

#include "common/http/server.hpp"
#include "common/runtime/options.hpp"

namespace foldstream::http {

struct ListenOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    std::uint16_t threads = 1;
    std::uint32_t max_connections = 1024;
    std::uint32_t request_timeout_ms = 10'000;
    std::uint32_t idle_timeout_ms = 60'000;
    std::uint32_t write_timeout_ms = 30'000;

    // The rest is as a server has it by itself.
    [[nodiscard]] ServerOptions serving() const;
};

// --http-host, --http-port, --http-threads, --max-connections, --request-timeout-ms,
// --idle-timeout-ms, --write-timeout-ms. `what`: "queries are answered on".
void add_listen_options(CLI::App& app, ListenOptions& options, const std::string& what);

}  // namespace foldstream::http
