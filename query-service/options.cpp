#include "query-service/options.hpp"

#include "common/http/forwarder.hpp"
#include "common/postgres/connection.hpp"

namespace foldstream::query {

void add_options(CLI::App& app, Options& options) {
    using runtime::add;
    runtime::add_service_options(app, options.service);
    http::add_listen_options(app, options.http, "queries are answered on");
    runtime::add_secret(app, "--postgres-url", options.postgres_url,
                        "where the read models are: postgresql://foldstream_query@host/database");
    add(app, "--pool-size", options.pool_size,
        "connections to Postgres (and threads that use them)")
        ->check(CLI::Range(1, 256));
    add(app, "--max-queued", options.max_queued,
        "requests that wait for a connection; above it 503")
        ->check(CLI::Range(1, 1'000'000));
    add(app, "--query-timeout-ms", options.query_timeout_ms, "of one statement, ms")
        ->check(CLI::Range(10, 60'000));
    add(app, "--max-waiting", options.max_waiting,
        "requests that wait for their own writes (Foldstream-After); above it 503")
        ->check(CLI::Range(1, 1'000'000));
    add(app, "--poll-interval-ms", options.poll_interval_ms,
        "how often the applied positions are read while nobody waits, ms")
        ->check(CLI::Range(10, 60'000));
    add(app, "--command-url", options.command_url,
        "http://host:port of a command-service: requests other than GET go there; empty: none "
        "are taken");
    add(app, "--max-batches", options.max_batches,
        "batches of commands handed on at once; above it 429")
        ->check(CLI::Range(1, 1'000));
    add(app, "--max-batch-mib", options.max_batch_mib, "of a batch of commands, MiB; above it 413")
        ->check(CLI::Range(1, 1'024));
    add(app, "--kafka-brokers", options.kafka.brokers, "host:port, separated by commas");
    runtime::add_pairs(app, "--kafka", options.kafka.extra, "any librdkafka setting");
}

std::string check(const Options& options) {
    if (options.postgres_url.empty()) return "--postgres-url or --postgres-url-file is needed";
    if (!options.command_url.empty() && !http::parse_authority(options.command_url)) {
        return "--command-url: must be http://host:port";
    }
    const std::string why = postgres::why_not_a_url(options.postgres_url);
    return why.empty() ? why : "--postgres-url: " + why;
}

}  // namespace foldstream::query
