// What the operator can turn.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/http/listen_options.hpp"
#include "common/kafka/settings.hpp"
#include "common/runtime/options.hpp"

namespace foldstream::query {

struct Options {
    runtime::ServiceOptions service;
    http::ListenOptions http{.port = 8081};
    std::string postgres_url;
    std::uint16_t pool_size = 4;
    std::uint32_t max_queued = 256;
    std::uint32_t query_timeout_ms = 5'000;
    std::uint32_t max_waiting = 1'000;
    std::uint32_t poll_interval_ms = 1'000;
    std::string command_url;  // empty: commands are not taken here
    std::uint16_t max_batches = 4;
    std::uint16_t max_batch_mib = 32;
    kafka::Settings kafka;
};

void add_options(CLI::App& app, Options& options);

// Empty, or what is wrong with the options together.
std::string check(const Options& options);

}  // namespace foldstream::query
