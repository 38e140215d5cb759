#include "common/http/server.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <cstdint>
#include <system_error>
#include <thread>

#include "common/http/session.hpp"

namespace foldstream::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Above max_connections this many more are there for the moment that it takes them to go, or to get
// their 503; beyond, they are closed unanswered.
constexpr std::size_t max_refusals = 64;
// Descriptors that are not for connections: of a local store's files (256 of them), of the admin
// port, of Kafka and Postgres.
constexpr std::size_t other_descriptors = 512;
// When the process has no descriptors left.
constexpr std::chrono::milliseconds accept_pause{100};

tcp::acceptor listen(asio::io_context& io, const std::string& host, std::uint16_t port) {
    const std::string address = host + ":" + std::to_string(port);
    try {
        const auto found =
            tcp::resolver(io).resolve(host, std::to_string(port), tcp::resolver::passive);
        const tcp::endpoint endpoint = found.begin()->endpoint();
        tcp::acceptor acceptor(asio::make_strand(io));
        acceptor.open(endpoint.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(endpoint);
        acceptor.listen(asio::socket_base::max_listen_connections);
        return acceptor;
    } catch (const boost::system::system_error& error) {
        throw std::system_error(error.code(), "cannot listen on " + address);
    }
}

// With as many connections as the process may have descriptors for: who is beyond could not even be
// refused.
ServerOptions affordable(ServerOptions options) {
    const std::size_t allowed =
        runtime::allow_open_files(options.max_connections + other_descriptors);
    const std::size_t left = std::max(allowed, other_descriptors + 1) - other_descriptors;
    if (options.max_connections > left) {
        runtime::Logger("http").warning(
            "fewer connections than asked for: the limit of open files (ulimit -n) is too low",
            {{"asked", static_cast<std::int64_t>(options.max_connections)},
             {"connections", static_cast<std::int64_t>(left)}});
        options.max_connections = left;
    }
    return options;
}

}  // namespace

// The acceptor and the threads; connections are on their own (session.cpp).
struct Server::Impl {
    Impl(const ServerOptions& options, Router router, runtime::Metrics* metrics)
        : core(std::make_shared<Core>(affordable(options), std::move(router), metrics)),
          acceptor(listen(core->io, options.host, options.port)),
          pause(acceptor.get_executor()),
          port(acceptor.local_endpoint().port()) {
        accept();
        for (int i = 0; i < options.threads; ++i) threads.emplace_back([this] { run(); });
    }

    void run() {
        for (;;) {
            try {
                core->io.run();
                return;
            } catch (const std::exception& error) {
                // Of one connection's handler; the others go on.
                core->log.error("a connection failed", {{"error", error.what()}});
            }
        }
    }

    void accept() {
        acceptor.async_accept(asio::make_strand(core->io),
                              [this](error_code error, tcp::socket socket) {
                                  if (!acceptor.is_open()) return;
                                  if (error) return accept_later(error);
                                  admit(std::move(socket));
                                  accept();
                              });
    }

    void accept_later(const error_code& error) {
        core->log.warning("cannot accept", {{"error", error.message()}});
        if (error == asio::error::no_descriptors) {
            for (std::size_t i = 0; i < max_refusals && make_room(); ++i) {
            }
        }
        pause.expires_after(accept_pause);
        pause.async_wait([this](error_code cancelled) {
            if (!cancelled && acceptor.is_open()) accept();
        });
    }

    bool make_room() {
        return eviction.make_room([this] { return open_connections(); });
    }

    bool full() {
        const std::lock_guard lock(core->mutex);
        return core->open - core->going >= core->options.max_connections;
    }

    void admit(tcp::socket socket) {
        while (full() && make_room()) {
        }
        const Admission admission = full() ? Admission::refuse : Admission::serve;
        {
            const std::lock_guard lock(core->mutex);
            if (core->open >= core->options.max_connections + max_refusals) return;  // closes it
            ++core->open;
        }
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        start_connection(core, std::move(socket), admission);
    }

    // Held outside the lock: who lets the last one go needs the lock.
    std::vector<std::shared_ptr<Connection>> open_connections() {
        std::vector<std::shared_ptr<Connection>> found;
        const std::lock_guard lock(core->mutex);
        found.reserve(core->connections.size());
        for (const auto& weak : core->connections) {
            if (auto connection = weak.lock()) found.push_back(std::move(connection));
        }
        return found;
    }

    void stop(std::chrono::milliseconds grace) {
        if (threads.empty()) return;
        core->draining = true;
        asio::post(acceptor.get_executor(), [this] {
            error_code ignored;
            acceptor.close(ignored);
            pause.cancel();
        });
        for (const auto& connection : open_connections()) connection->drain();
        {
            std::unique_lock lock(core->mutex);
            core->emptied.wait_for(lock, grace, [this] { return core->open == 0; });
        }
        core->io.stop();
        for (std::thread& thread : threads) thread.join();
        threads.clear();
        // A Responder may keep them alive; their clients need not wait for it.
        for (const auto& connection : open_connections()) connection->abort();
    }

    std::shared_ptr<Core> core;  // shared: with Responders that outlive the server
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    Eviction eviction;
    std::uint16_t port;
    std::vector<std::thread> threads;
};

Server::Server(const ServerOptions& options, Router router, runtime::Metrics* metrics)
    : impl_(std::make_unique<Impl>(options, std::move(router), metrics)) {}

Server::~Server() { impl_->stop(std::chrono::milliseconds(0)); }

std::uint16_t Server::port() const { return impl_->port; }

void Server::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }

}  // namespace foldstream::http
