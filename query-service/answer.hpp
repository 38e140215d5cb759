// How one request becomes one answer; answer.cpp is the file to begin with.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/codec/json.hpp"
#include "common/core/clock.hpp"
#include "common/http/server.hpp"
#include "common/runtime/log.hpp"
#include "query-service/position_board.hpp"
#include "query-service/query_probe.hpp"
#include "query-service/statement.hpp"
#include "query-service/statement_workers.hpp"
#include "query-service/terms.hpp"

namespace foldstream::query {

// What the rows say.
struct Found {
    http::Response response;       // status, content type and body
    std::vector<Covered> covered;  // every partition that the answer covers
};

// What to ask, and how to read what comes. `read` runs on a worker's thread; what it throws is an
// internal error.
struct Question {
    std::vector<Source> sources;
    Statement statement;
    std::function<Found(const postgres::Result&)> read;
};

// Any thread. Outlived by what it is given; must outlive the server and the workers.
class Answerer {
public:
    struct Parts {
        PositionBoard& board;
        StatementWorkers& workers;
        QueryProbe& probe;
        const Clock& clock;
        std::chrono::milliseconds query_timeout;
    };
    explicit Answerer(const Parts& parts) : parts_(parts) {}

    // Never blocks; `respond` is called once, later.
    void answer(const http::Request& request, Question question, http::Responder respond) const;

private:
    struct Task;
    using TaskPtr = std::shared_ptr<const Task>;  // shared: std::function holds copies

    void wait_for_writes(const TaskPtr& task) const;
    void enqueue(const TaskPtr& task) const;
    void run(const Task& task, postgres::Pool& pool) const;
    [[nodiscard]] http::Response respond_with(const Task& task, Found found) const;
    void add_freshness(const Task& task, const std::vector<Covered>& covered,
                       http::Response& response) const;
    [[nodiscard]] http::Response unanswered(const Task& task, const postgres::Error& error) const;

    Parts parts_;
    runtime::Logger log_{"answer"};
};

// 400 with `violations` naming the parameters.
http::Response refuse(const std::vector<codec::Violation>& violations);

// All partitions that a whole-table answer covers: those without a checkpoint stand at 0.
std::vector<Covered> cover_all(const std::string& domain, const Coverage& coverage,
                               std::int32_t partition_count);

}  // namespace foldstream::query
