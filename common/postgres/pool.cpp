#include "common/postgres/pool.hpp"

#include <cassert>
#include <utility>

namespace foldstream::postgres {

namespace {
constexpr std::chrono::milliseconds rest_after_failure{500};
}

Pool::Lease::Lease(Pool& pool, std::unique_ptr<Connection> connection)
    : pool_(&pool), connection_(std::move(connection)) {}

Pool::Lease::Lease(Lease&& other) noexcept
    : pool_(other.pool_), connection_(std::move(other.connection_)) {}

Pool::Lease::~Lease() {
    if (connection_) pool_->give_back(std::move(connection_));
}

Pool::Pool(ConnectionSettings settings, std::size_t size)
    : settings_(std::move(settings)), size_(size) {
    assert(size > 0);
    idle_.reserve(size);  // giving back never allocates
}

Pool::~Pool() { assert(busy_ == 0); }

Pool::Lease Pool::acquire(std::chrono::milliseconds wait) {
    {
        std::unique_lock lock(mutex_);
        if (!freed_.wait_for(lock, wait, [this] { return busy_ < size_; })) {
            throw Error(ErrorKind::retry, "",
                        "all " + std::to_string(size_) + " connections to Postgres are busy");
        }
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            ++busy_;
            return Lease(*this, std::move(connection));
        }
        if (last_failure_ && std::chrono::steady_clock::now() < fails_until_) throw *last_failure_;
        ++busy_;  // the place is taken while the connection is being made
    }
    return Lease(*this, connect());
}

std::unique_ptr<Connection> Pool::connect() {
    try {
        auto connection = std::make_unique<Connection>(settings_);
        const std::lock_guard lock(mutex_);
        last_failure_.reset();
        return connection;
    } catch (...) {
        {
            const std::lock_guard lock(mutex_);
            --busy_;
            try {
                throw;
            } catch (const Error& error) {
                last_failure_.emplace(error);
                fails_until_ = std::chrono::steady_clock::now() + rest_after_failure;
            } catch (...) {
                last_failure_.reset();
            }
        }
        freed_.notify_one();
        throw;
    }
}

void Pool::give_back(std::unique_ptr<Connection> connection) noexcept {
    connection->rollback();
    {
        const std::lock_guard lock(mutex_);
        --busy_;
        if (connection->broken()) {
            idle_.clear();
        } else {
            idle_.push_back(std::move(connection));
        }
    }
    freed_.notify_one();
}

Result Pool::query(const std::string& sql, const Params& params, std::chrono::milliseconds wait) {
    try {
        return acquire(wait)->exec(sql, params);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::lost) throw;
    }
    return acquire(wait)->exec(sql, params);
}

std::size_t Pool::busy() const {
    const std::lock_guard lock(mutex_);
    return busy_;
}

}  // namespace foldstream::postgres
