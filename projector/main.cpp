// projector: folds logs into read models in Postgres.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/codec/protobuf_log.hpp"
#include "common/http/server.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/log_sink.hpp"
#include "common/runtime/lifecycle.hpp"
#include "common/runtime/log.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"
#include "projector/applier.hpp"
#include "projector/projection_loop.hpp"

namespace {

using namespace foldstream;

struct Options {
    runtime::ServiceOptions service;
    projector::LoopOptions loop;
    std::vector<std::string> projections;
    std::size_t appliers = 2;
    std::int64_t flush_interval_ms = 20;
    std::size_t row_cache_entries = 200'000;
    std::size_t row_cache_mib = 128;

    [[nodiscard]] projector::HoldingLimits limits() const {
        return {row_cache_entries, row_cache_mib << 20U};
    }
};

std::optional<int> read_options(int argc, char** argv, Options& options) {
    CLI::App app{"Folds logs into read models: reads D.events, writes Postgres.", "projector"};
    runtime::add_service_options(app, options.service);
    runtime::add(app, "--kafka-brokers", options.loop.kafka.brokers, "host:port, comma-separated");
    runtime::add_pairs(app, "--kafka", options.loop.kafka.extra,
                       "any librdkafka setting, KEY=VALUE; repeatable");
    runtime::add_secret(app, "--postgres-url", options.loop.postgres.url,
                        "postgresql://user:password@host:port/database");
    runtime::add(app, "--projections", options.projections, "projections to serve; default: all")
        ->delimiter(',');
    runtime::add(app, "--appliers", options.appliers, "threads with a Postgres connection each")
        ->check(CLI::Range(1, 256));
    runtime::add(app, "--batch-events", options.loop.batch_events,
                 "events a transaction, for each partition; a batch ends at a record's end")
        ->check(CLI::Range(1, 1'000'000));
    runtime::add(app, "--flush-interval-ms", options.flush_interval_ms,
                 "how long a batch may wait for more that is on its way; never when idle")
        ->check(CLI::Range(0, 60'000));
    runtime::add(app, "--queued-kbytes", options.loop.queued_kbytes,
                 "fetched ahead for each partition, KiB")
        ->check(CLI::Range(1024U, 1024U * 1024U));
    runtime::add(app, "--row-cache-entries", options.row_cache_entries,
                 "rows that are kept decoded, of the process; 0 = none")
        ->check(CLI::Range(0, 100'000'000));
    runtime::add(app, "--row-cache-mib", options.row_cache_mib,
                 "their memory, of the process, MiB; 0 = none")
        ->check(CLI::Range(0, 1024 * 1024));
    return runtime::parse(app, argc, argv);
}

// What the service is made of; appliers end before the loops that they answer to.
class Service {
public:
    Service(const Options& options, runtime::Signals& signals) : signals_(signals) {
        postgres::ConnectionSettings writing = options.loop.postgres;
        writing.synchronous_commit = false;  // what a crash loses is folded again
        for (const auto& domain : domains::registry().domains()) {
            for (const auto& projection : domain->projections) {
                if (chosen(options.projections, projection->name))
                    projections_.emplace_back(domain.get(), projection.get());
            }
        }
        appliers_ =
            std::make_unique<projector::AppliersPool>(writing, options.appliers, options.limits());
        for (const auto& [domain, projection] : projections_) {
            loops_.push_back(std::make_unique<projector::ProjectionLoop>(
                *domain, *projection, options.loop, *appliers_, metrics_));
            const auto* loop = loops_.back().get();
            health_.alive(projection->name, [loop] { return loop->why_not_alive(); });
            health_.ready(projection->name, [loop] { return loop->why_not_ready(); });
        }
        health_.ready("postgres", [this] { return appliers_->trouble(); });
        http::ServerOptions admin;
        admin.host = options.service.admin_host;
        admin.port = options.service.admin_port;
        admin.max_connections = http::max_admin_connections;
        server_ = std::make_unique<http::Server>(
            admin, http::admin_routes(metrics_, health_, "projector"), nullptr);
        logger_.info("serves", {{"admin_port", std::int64_t{server_->port()}},
                                {"instance", options.service.instance}});
    }
    ~Service() {
        server_.reset();  // its checks look at the appliers
        appliers_.reset();
    }
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    // Until the process drains; throws what ended a loop.
    void run() {
        std::vector<std::thread> threads;
        for (auto& loop : loops_) threads.emplace_back([this, loop = loop.get()] { run(*loop); });
        signals_.wait_for_drain();
        logger_.info("drains");
        for (auto& loop : loops_) loop->drain();
        for (auto& thread : threads) thread.join();
        server_->stop(std::chrono::milliseconds(500));
        appliers_.reset();
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    static bool chosen(const std::vector<std::string>& names, const std::string& name) {
        return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
    }
    void run(projector::ProjectionLoop& loop) {
        try {
            loop.run();
        } catch (...) {
            const std::lock_guard lock(failing_);
            failure_ = std::current_exception();
            signals_.request_drain();
        }
    }

    runtime::Signals& signals_;
    runtime::Logger logger_{"main"};
    runtime::Metrics metrics_;
    runtime::Health health_;
    std::vector<std::pair<const fold::DomainModule*, const fold::Projection*>> projections_;
    std::unique_ptr<projector::AppliersPool> appliers_;
    std::vector<std::unique_ptr<projector::ProjectionLoop>> loops_;
    std::unique_ptr<http::Server> server_;
    std::mutex failing_;
    std::exception_ptr failure_;
};

void refuse_unknown_projections(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (domains::registry().find_projection(name) == nullptr)
            throw std::invalid_argument("--projections: there is no projection " + name);
    }
}

#ifdef FOLDSTREAM_TEST_HOOKS
// The type of events (full or short name) that a test wants not to be folded.
const fold::EventType* skipped_by_test() {
    const char* wanted = std::getenv("FOLDSTREAM_TEST_SKIP_FOLD");
    if (wanted == nullptr || *wanted == '\0') return nullptr;
    for (const auto& domain : domains::registry().domains()) {
        for (const auto& type : domain->events) {
            if (type->name != wanted && !type->name.ends_with(std::string(".") + wanted)) continue;
            runtime::Logger("main").warning("TEST HOOK: events of a type are not folded",
                                            {{"type", type->name}});
            return type.get();
        }
    }
    throw std::invalid_argument(std::string("FOLDSTREAM_TEST_SKIP_FOLD: no event type ") + wanted);
}
#endif

}  // namespace

int main(int argc, char** argv) {
    codec::mute_protobuf_log();
    Options options;
    if (const auto code = read_options(argc, argv, options)) return *code;
    runtime::Signals signals;
    runtime::start_logging(
        runtime::find_level(options.service.log_level).value_or(runtime::Level::info), "projector");
    kafka::set_log_sink(runtime::client_lines("librdkafka"));
    options.loop.instance = options.service.instance;
    options.loop.kafka.client_id = "foldstream-projector";
    options.loop.postgres.application_name = "foldstream-projector";
    options.loop.flush_interval = std::chrono::milliseconds(options.flush_interval_ms);
    try {
        refuse_unknown_projections(options.projections);
#ifdef FOLDSTREAM_TEST_HOOKS
        options.loop.skipped = skipped_by_test();
#endif
        if (options.loop.postgres.url.empty())
            throw std::invalid_argument("--postgres-url: is required (or --postgres-url-file)");
        if (std::string why = postgres::why_not_a_url(options.loop.postgres.url); !why.empty())
            throw std::invalid_argument("--postgres-url: " + why);
        Service(options, signals).run();
        return runtime::exit_fine;
    } catch (const std::invalid_argument& wrong) {
        std::fprintf(stderr, "projector: %s\n", wrong.what());
        return runtime::exit_usage;
    } catch (const kafka::SettingError& wrong) {
        std::fprintf(stderr, "projector: --kafka: %s\n", wrong.what());
        return runtime::exit_usage;
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "projector: %s\n", failed.what());
        return runtime::exit_failed;
    }
}
