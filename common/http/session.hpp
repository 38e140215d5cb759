// One connection, and what all connections of a server share. Inside common/http only.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "common/http/body_place.hpp"
#include "common/http/eviction.hpp"
#include "common/http/http_probe.hpp"
#include "common/http/server.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::http {

// A connection as the server sees it.
class Connection {
public:
    virtual ~Connection() = default;
    // Closes when nothing is being answered, else behind the answer. Any thread.
    virtual void drain() = 0;
    // Any thread.
    [[nodiscard]] virtual Standing standing() const = 0;
    // Closes in favour of a new one, unless its standing is another one by now: then false. Any
    // thread.
    virtual bool give_way(Standing standing) = 0;
    // The same when a request comes in that is slow for its size, or an answer is not taken. Any
    // thread.
    virtual bool give_way_if_slow() = 0;
    // Closes. Only when no thread runs `io` any more.
    virtual void abort() = 0;
};

// What outlives the server as long as somebody holds a Responder. Connections hold a plain
// reference: they live in handlers that `io` owns, and `io` is destroyed first.
struct Core {
    Core(const ServerOptions& o, Router r, runtime::Metrics* metrics)
        : options(o), router(std::move(r)), probe(metrics) {}

    ServerOptions options;
    Router router;
    HttpProbe probe;
    runtime::Logger log{"http"};
    std::atomic<bool> draining{false};
    std::mutex mutex;
    std::condition_variable emptied;
    std::set<std::weak_ptr<Connection>, std::owner_less<>> connections;  // below: guarded by mutex
    std::size_t open = 0;
    std::size_t going = 0;  // of those: have given way, and are not quite gone
    std::map<std::string, std::set<BodyPlace*>> places;  // that are taken, by route
    boost::asio::io_context io;
};

enum class Admission {
    serve,
    refuse,  // too many: answers 503 without reading
};

// Owns the socket from now on. `socket` has a strand of its own as executor.
void start_connection(const std::shared_ptr<Core>& core, boost::asio::ip::tcp::socket socket,
                      Admission admission);

}  // namespace foldstream::http
