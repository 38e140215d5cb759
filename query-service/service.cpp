#include "query-service/service.hpp"

#include <atomic>
#include <memory>

#include "common/http/forwarder.hpp"
#include "common/http/server.hpp"
#include "query-service/answer.hpp"
#include "query-service/routes.hpp"

namespace foldstream::query {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds head_too_old{10'000};
// Longer than a loop's slowest turn, every time-out on its way used up.
constexpr milliseconds loop_stands{120'000};

postgres::ConnectionSettings reading(const Options& options) {
    postgres::ConnectionSettings settings;
    settings.url = options.postgres_url;
    settings.application_name = "foldstream-query-service";
    settings.statement_timeout = milliseconds(options.query_timeout_ms);
    settings.read_only = true;
    return settings;
}

http::ServerOptions serving(const Options& options) {
    http::ServerOptions serving = options.http.serving();
    // The longest wait, the queue, the statement on a new connection, and once more.
    serving.reply_timeout = max_wait + 4 * milliseconds(options.query_timeout_ms) +
                            2 * reading(options).connect_timeout;
    return serving;
}

http::ServerOptions admin(const Options& options) {
    http::ServerOptions serving;
    serving.host = options.service.admin_host;
    serving.port = options.service.admin_port;
    serving.max_connections = http::max_admin_connections;
    return serving;
}

std::unique_ptr<http::Forwarder> forwarding(const Options& options) {
    const auto to = http::parse_authority(options.command_url);
    if (!to) return nullptr;
    http::ForwardOptions forwarding;
    forwarding.to = *to;
    return std::make_unique<http::Forwarder>(forwarding);
}

http::Router routes(const Options& options, http::Router router, http::Forwarder* forwarder) {
    if (forwarder == nullptr) return router;
    const std::size_t most = std::size_t{options.max_batch_mib} * 1024 * 1024;
    add_commands(router, *forwarder, {most, options.max_batches});
    return router;
}

}  // namespace

// In the order of their making; each uses only what stands above it.
struct Service::Parts {
    Parts(const Options& options, const fold::Registry& registry, std::unique_ptr<LogEnds> logs)
        : board(clock, options.max_waiting),
          workers(reading(options), options.pool_size, options.max_queued),
          answerer({board, workers, probe, clock, milliseconds(options.query_timeout_ms)}),
          admin_server(admin(options), http::admin_routes(metrics, health, "query-service"),
                       nullptr),
          forwarder(forwarding(options)),
          server(serving(options),
                 routes(options, make_routes(registry, board, answerer), forwarder.get()),
                 &metrics),
          checkpoints(board, reading(options), milliseconds(options.poll_interval_ms), clock),
          heads(board, std::move(logs), registry.names(), clock) {}

    // Checks read the pollers, which are made last: they are added when all is there.
    void add_checks(const fold::Registry& registry) {
        const auto moves = [](const auto& loop) {
            return loop.standing_for() < loop_stands ? std::string() : "does not come round";
        };
        health.alive("checkpoints", [this, moves] { return moves(checkpoints); });
        health.alive("heads", [this, moves] { return moves(heads); });
        health.ready("postgres", [this] { return checkpoints.trouble(); });
        health.ready("kafka", [this] { return heads.trouble(); });
        health.ready("serving", [this] { return draining ? "draining" : std::string(); });
        for (const std::string& domain : registry.names()) {
            health.ready("log of " + domain, [this, domain]() -> std::string {
                const auto age = board.head_age(domain);
                if (!age) return "its end has never been seen (is the topic made?)";
                if (*age > head_too_old) return "its end was last seen too long ago";
                return {};
            });
        }
    }

    SystemClock clock;
    runtime::Metrics metrics;
    runtime::Health health;
    std::atomic<bool> draining{false};
    QueryProbe probe{metrics};
    PositionBoard board;
    StatementWorkers workers;
    Answerer answerer;
    http::Server admin_server;
    std::unique_ptr<http::Forwarder> forwarder;  // null: no commands are taken
    http::Server server;
    CheckpointPoller checkpoints;
    HeadProbe heads;
};

Service::Service(const Options& options, const fold::Registry& registry,
                 std::unique_ptr<LogEnds> logs)
    : parts_(std::make_unique<Parts>(options, registry, std::move(logs))) {
    parts_->add_checks(registry);
    runtime::Logger("query-service")
        .info("serving", {{"http_port", port()}, {"admin_port", admin_port()}});
}

Service::~Service() {
    drain(milliseconds(0));
    parts_->workers.stop();                      // their jobs use the answerer
    parts_->admin_server.stop(milliseconds(0));  // its checks look at what is taken apart now
}

std::uint16_t Service::port() const { return parts_->server.port(); }

std::uint16_t Service::admin_port() const { return parts_->admin_server.port(); }

void Service::drain(milliseconds grace) {
    // Waits end with "not now"; what has its statement running is answered.
    parts_->draining = true;
    parts_->board.close();
    parts_->server.stop(grace);
}

}  // namespace foldstream::query
