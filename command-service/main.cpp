// command-service: takes commands over HTTP, owns partitions of its domains' logs and decides what
// was sent there.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "command-service/command_loop.hpp"
#include "command-service/gateway.hpp"
#include "command-service/gateway_options.hpp"
#include "common/codec/protobuf_log.hpp"
#include "common/http/server.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/log_sink.hpp"
#include "common/runtime/lifecycle.hpp"
#include "common/runtime/log.hpp"
#include "common/runtime/options.hpp"
#include "common/store/rocksdb_store.hpp"
#include "domains/registry.hpp"

namespace {

using namespace foldstream;

struct Options {
    runtime::ServiceOptions service;
    command_service::LoopOptions loop;
    command_service::GatewayOptions gateway;
    std::vector<std::string> domains;
    std::string store_path = "/var/lib/foldstream/store";
    int workers = 1;
    int snapshot_interval_seconds = 60;
    int decide_budget_seconds = 10;
    std::size_t store_cache_mib = store::RocksdbOptions{}.cache_mib;
};

std::optional<int> read_options(int argc, char** argv, Options& options) {
    CLI::App app{"Takes commands over HTTP; decides them: reads D.commands, writes D.events.",
                 "command-service"};
    runtime::add_service_options(app, options.service);
    runtime::add(app, "--kafka-brokers", options.loop.kafka.brokers, "host:port, comma-separated");
    runtime::add_pairs(app, "--kafka", options.loop.kafka.extra,
                       "any librdkafka setting, KEY=VALUE; repeatable");
    runtime::add(app, "--domains", options.domains, "domains to decide for; default: all")
        ->delimiter(',');
    runtime::add(app, "--queued-kbytes", options.loop.queued_kbytes,
                 "fetched ahead for each partition, KiB")
        ->check(CLI::Range(1024U, 1024U * 1024U));
    runtime::add(app, "--window-entries", options.loop.limits.window_entries,
                 "entries decided and not yet read back, for each partition")
        ->check(CLI::Range(1, 1'000'000));
    runtime::add(app, "--workers", options.workers,
                 "threads a domain, each with consumers and producers of its own")
        ->check(CLI::Range(1, 64));
    runtime::add(app, "--snapshot-interval-seconds", options.snapshot_interval_seconds,
                 "seconds between two rounds of snapshots of a partition")
        ->check(CLI::Range(1, 86'400));
    runtime::add(app, "--snapshot-entries", options.loop.limits.snapshot_entries,
                 "entries of a partition after which a round begins earlier")
        ->check(CLI::Range(1'000, 1'000'000'000));
    runtime::add(
        app, "--decide-budget-seconds", options.decide_budget_seconds,
        "seconds that the domain's code may take for one command: then the process ends, and "
        "the third time the command is refused")
        ->check(CLI::Range(1, 40));
    runtime::add(app, "--store-path", options.store_path,
                 "folder of the local store, this process's own; deleting it loses nothing; "
                 "\"memory\": none, and each start reads the whole log");
    runtime::add(app, "--store-cache-mib", options.store_cache_mib,
                 "MiB of the local store kept in memory, beside 48 MiB of write buffers")
        ->check(CLI::Range(8U, 1024U * 1024U));
    command_service::add_gateway_options(app, options.gateway);
    return runtime::parse(app, argc, argv);
}

// Whose clients wait goes first, while everything still runs; owners have 10 s after it.
constexpr std::chrono::milliseconds gateway_grace{4'000};

std::vector<const fold::DomainModule*> chosen(const std::vector<std::string>& names) {
    std::vector<const fold::DomainModule*> modules;
    for (const auto& domain : domains::registry().domains()) {
        if (names.empty()) modules.push_back(domain.get());
    }
    for (const std::string& name : names) {
        const auto* domain = domains::registry().find(name);
        if (domain == nullptr) throw std::invalid_argument("--domains: there is no domain " + name);
        // Two workers of one domain would have two owners of one partition.
        if (std::find(modules.begin(), modules.end(), domain) != modules.end())
            throw std::invalid_argument("--domains: " + name + " is given twice");
        modules.push_back(domain);
    }
    return modules;
}

std::unique_ptr<store::Store> open_store(const Options& options) {
    if (options.store_path == "memory") return store::make_memory_store();
    return store::open_rocksdb_store(
        {.folder = options.store_path,
         .cache_mib = options.store_cache_mib,
         .warn = [logger = runtime::Logger("store")](const std::string& said) {
             logger.warning(said);
         }});
}

void run(const Options& options, runtime::Signals& signals) {
    runtime::Metrics metrics;
    runtime::Health health;
    const auto modules = chosen(options.domains);
    const auto store = open_store(options);
    processing::OwnerMemories memories;
    std::vector<std::unique_ptr<command_service::CommandLoop>> loops;
    for (const auto* domain : modules) {
        for (int worker = 0; worker < options.workers; ++worker) {
            loops.push_back(std::make_unique<command_service::CommandLoop>(
                *domain, options.loop, *store, memories, metrics));
            const auto* loop = loops.back().get();
            const std::string name = domain->name + "/" + std::to_string(worker);
            health.alive(name, [loop] { return loop->why_not_alive(); });
            health.ready(name, [loop] { return loop->why_not_ready(); });
        }
    }
    command_service::Gateway gateway(options.gateway, options.loop.kafka, domains::registry(),
                                     metrics);
    health.alive("gateway", [&] { return gateway.why_not_alive(); });
    health.ready("gateway", [&] { return gateway.why_not_ready(); });
    http::ServerOptions admin;
    admin.host = options.service.admin_host;
    admin.port = options.service.admin_port;
    admin.max_connections = http::max_admin_connections;
    http::Server server(admin, http::admin_routes(metrics, health, "command-service"), nullptr);
    const runtime::Logger logger("main");
    logger.info("serves", {{"http_port", std::int64_t{gateway.port()}},
                           {"admin_port", std::int64_t{server.port()}},
                           {"instance", options.service.instance}});

    std::exception_ptr failure;
    std::mutex failing;
    std::vector<std::thread> threads;
    const auto start = [&](auto& loop) {
        threads.emplace_back([&, running = &loop] {
            try {
                running->run();
            } catch (const std::exception& failed) {
                logger.error(failed.what());
                const std::lock_guard lock(failing);
                failure = std::current_exception();
                signals.request_drain();
            }
        });
    };
    for (auto& loop : loops) start(*loop);
    start(gateway);
    signals.wait_for_drain();
    logger.info("drains");
    gateway.drain(gateway_grace);
    for (auto& loop : loops) loop->drain();
    for (auto& thread : threads) thread.join();
    server.stop(std::chrono::milliseconds(500));
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

int main(int argc, char** argv) {
    codec::mute_protobuf_log();
    Options options;
    if (const auto code = read_options(argc, argv, options)) return *code;
    runtime::Signals signals;
    runtime::start_logging(
        runtime::find_level(options.service.log_level).value_or(runtime::Level::info),
        "command-service");
    kafka::set_log_sink(runtime::client_lines("librdkafka"));
    options.loop.instance = options.service.instance;
    options.loop.kafka.client_id = "foldstream-command-service";
    options.loop.limits.snapshot_interval = std::chrono::seconds(options.snapshot_interval_seconds);
    options.loop.decide_budget = std::chrono::seconds(options.decide_budget_seconds);
    try {
        run(options, signals);
        return runtime::exit_fine;
    } catch (const std::invalid_argument& wrong) {
        std::fprintf(stderr, "command-service: %s\n", wrong.what());
        return runtime::exit_usage;
    } catch (const kafka::SettingError& wrong) {
        std::fprintf(stderr, "command-service: --kafka: %s\n", wrong.what());
        return runtime::exit_usage;
    } catch (const store::StoreError& failed) {
        std::fprintf(stderr, "command-service: --store-path: %s\n", failed.what());
        return runtime::exit_failed;
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "command-service: %s\n", failed.what());
        return runtime::exit_failed;
    }
}
