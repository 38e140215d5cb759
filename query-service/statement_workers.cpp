#include "query-service/statement_workers.hpp"

#include <utility>

namespace foldstream::query {

StatementWorkers::StatementWorkers(postgres::ConnectionSettings settings, std::size_t size,
                                   std::size_t bound)
    : pool_(std::move(settings), size), queue_(bound) {
    for (std::size_t i = 0; i < size; ++i) {
        threads_.emplace_back([this] {
            while (auto job = queue_.pop()) (*job)(pool_);
        });
    }
}

StatementWorkers::~StatementWorkers() { stop(); }

void StatementWorkers::stop() {
    queue_.close();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

bool StatementWorkers::submit(Job job) { return queue_.try_push(std::move(job)); }

}  // namespace foldstream::query
