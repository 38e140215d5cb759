#include "command-service/gateway_options.hpp"

namespace foldstream::command_service {

void add_gateway_options(CLI::App& app, GatewayOptions& options) {
    using runtime::add;
    add(app, "--http-host", options.http_host, "address that commands are taken on");
    add(app, "--http-port", options.http_port, "its port; 0: any free one, see the log");
    add(app, "--http-threads", options.http_threads, "threads that serve sockets")
        ->check(CLI::Range(1, 64));
    add(app, "--max-connections", options.max_connections,
        "open connections of clients; above it 503")
        ->check(CLI::Range(1, 65'536));
    add(app, "--max-in-flight", options.max_in_flight, "commands whose clients wait; above it 429")
        ->check(CLI::Range(1, 1'000'000));
    add(app, "--max-in-flight-per-client", options.max_in_flight_per_client,
        "those of one address; above it 429")
        ->check(CLI::Range(1, 1'000'000));
    add(app, "--max-batches", options.max_batches, "batches at once; above it 429")
        ->check(CLI::Range(1, 1'000));
    add(app, "--max-batch-mib", options.max_batch_mib, "of one batch, MiB; above it 413")
        ->check(CLI::Range(1, 1'024));
    add(app, "--trusted-forwarders", options.trusted_forwarders,
        "addresses, comma-separated, whose X-Forwarded-For names the client (a query-service)")
        ->delimiter(',');
}

}  // namespace foldstream::command_service
