// A bounded pool of connections for threads that each need one for a moment (the query side).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/postgres/connection.hpp"

namespace foldstream::postgres {

// Any thread. Connections are made when they are needed, at most `size` of them; a broken one is
// thrown away with all idle ones (they broke by the same cause). After a failed attempt to connect,
// acquire fails at once for half a second, so that a server that is down does not hold every caller
// for a connect time-out. Outlives its leases.
class Pool {
public:
    // The loan of one connection; given back at its end, an open transaction rolled back.
    class Lease {
    public:
        Lease(Lease&& other) noexcept;
        Lease& operator=(Lease&&) = delete;
        ~Lease();
        Connection& operator*() { return *connection_; }
        Connection* operator->() { return connection_.get(); }

    private:
        friend class Pool;
        Lease(Pool& pool, std::unique_ptr<Connection> connection);
        Pool* pool_;
        std::unique_ptr<Connection> connection_;
    };

    // Connects to nothing yet.
    Pool(ConnectionSettings settings, std::size_t size);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Waits up to `wait` for a free one. Throws Error(retry) when all stayed busy, Error(lost) when
    // the server cannot be reached, Error(deterministic) when it does not let us in.
    Lease acquire(std::chrono::milliseconds wait);

    // One reading statement on a connection of its own; repeated once on a new connection when the
    // old one turns out to be lost.
    Result query(const std::string& sql, const Params& params, std::chrono::milliseconds wait);

    [[nodiscard]] std::size_t size() const { return size_; }
    // Connections on loan at the moment.
    [[nodiscard]] std::size_t busy() const;

private:
    using Time = std::chrono::steady_clock::time_point;
    std::unique_ptr<Connection> connect();
    void give_back(std::unique_ptr<Connection> connection) noexcept;

    const ConnectionSettings settings_;
    const std::size_t size_;
    mutable std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<std::unique_ptr<Connection>> idle_;
    std::size_t busy_ = 0;
    std::optional<Error> last_failure_;
    Time fails_until_{};
};

}  // namespace foldstream::postgres
