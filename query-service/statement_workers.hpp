// The threads that talk to Postgres: each runs one blocking statement at a time, so that no thread
// that serves sockets ever waits for the database.
#pragma once

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "common/core/bounded_queue.hpp"
#include "common/postgres/pool.hpp"

namespace foldstream::query {

// As many threads as connections. Jobs must not throw.
class StatementWorkers {
public:
    using Job = std::function<void(postgres::Pool&)>;

    StatementWorkers(postgres::ConnectionSettings settings, std::size_t size, std::size_t bound);
    ~StatementWorkers();
    // Does what is in the queue, then ends; takes no more. Not from a job.
    void stop();
    // False when the queue is full or the workers are ending. Any thread, never blocks.
    bool submit(Job job);

private:
    postgres::Pool pool_;
    BoundedQueue<Job> queue_;
    std::vector<std::thread> threads_;
};

}  // namespace foldstream::query
