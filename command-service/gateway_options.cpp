#include "command-service/gateway_options.hpp"

namespace foldstream::command_service {

void add_gateway_options(CLI::App& app, GatewayOptions& options) {
    using runtime::add;
    http::add_listen_options(app, options.http, "commands are taken on");
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
