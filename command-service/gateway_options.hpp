// What the operator can turn of the gateway.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/http/listen_options.hpp"

namespace foldstream::command_service {

struct GatewayOptions {
    http::ListenOptions http{.port = 8080};
    std::uint32_t max_in_flight = 10'000;
    std::uint32_t max_in_flight_per_client = 1'000;
    std::uint16_t max_batches = 4;
    std::uint16_t max_batch_mib = 32;
    // Whose X-Forwarded-For says who the client is.
    std::vector<std::string> trusted_forwarders;
};

void add_gateway_options(CLI::App& app, GatewayOptions& options);

}  // namespace foldstream::command_service
