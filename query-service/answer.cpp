// The query side in steps: a request's terms, the wait for its own writes, one statement on one of
// few connections, the answer with its freshness. Routes (routes.cpp) say what to ask.
#include "query-service/answer.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstdio>

#include "common/core/time_text.hpp"
#include "common/runtime/json_text.hpp"

namespace foldstream::query {

using std::chrono::steady_clock;

namespace {

http::Response try_again(int status, std::string_view code, std::string_view detail) {
    http::Response response = http::problem(status, code, detail);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

http::Response not_caught_up(const Place& place) {
    return try_again(503, "not-caught-up", to_text(place) + " has not been applied yet");
}

// Weak: equal bodies are equal answers, whatever their positions.
std::string tag_of(const std::string& body) {
    char text[24];
    const int n =
        std::snprintf(text, sizeof text, "W/\"%016llx\"",
                      static_cast<unsigned long long>(XXH3_64bits(body.data(), body.size())));
    return {text, static_cast<std::size_t>(n)};
}

bool undefined_table(const postgres::Error& error) { return error.sqlstate() == "42P01"; }

// A view that was replaced at this moment is there again a moment later.
postgres::Result run_twice(postgres::Pool& pool, const Statement& statement,
                           std::chrono::milliseconds wait) {
    try {
        return pool.query(statement.sql, statement.params, wait);
    } catch (const postgres::Error& error) {
        if (!undefined_table(error)) throw;
    }
    return pool.query(statement.sql, statement.params, wait);
}

}  // namespace

struct Answerer::Task {
    Question question;
    Terms terms;
    http::Responder respond;
    steady_clock::time_point arrived;
};

void Answerer::answer(const http::Request& request, Question question,
                      http::Responder respond) const {
    auto terms = read_terms(request);
    if (!terms) return respond(http::problem(400, "invalid", terms.error()));
    const auto task = std::make_shared<const Task>(Task{
        std::move(question), std::move(terms).value(), std::move(respond), parts_.clock.steady()});
    if (task->terms.after.empty()) {
        enqueue(task);
    } else {
        wait_for_writes(task);
    }
}

void Answerer::wait_for_writes(const TaskPtr& task) const {
    for (const Place& place : task->terms.after) {
        const auto& sources = task->question.sources;
        const bool known = std::any_of(sources.begin(), sources.end(), [&](const Source& source) {
            return source.domain == place.domain;
        });
        const auto partitions = parts_.board.partition_count(place.domain);
        if (!known || (partitions && place.partition.value >= *partitions)) {
            return task->respond(http::problem(
                400, "invalid", "Foldstream-After: this answer does not cover " + to_text(place)));
        }
    }
    parts_.probe.waiting().Increment();
    const auto done = [this, task](Waited how) {
        parts_.probe.waiting().Decrement();
        parts_.probe.waits().Observe(
            std::chrono::duration<double>(parts_.clock.steady() - task->arrived).count());
        switch (how) {
            case Waited::reached:
                return enqueue(task);
            case Waited::too_late:
                return task->respond(not_caught_up(task->terms.after.front()));
            case Waited::beyond_log:
                return task->respond(
                    http::problem(400, "invalid", "Foldstream-After: the log holds no such entry"));
            case Waited::closed:
                return task->respond(try_again(503, "unavailable", "the service is ending"));
        }
    };
    const bool waits = parts_.board.wait(task->question.sources, task->terms.after,
                                         task->arrived + task->terms.wait, done);
    if (waits) return;
    parts_.probe.waiting().Decrement();
    parts_.probe.overloaded().Increment();
    task->respond(try_again(503, "overloaded", "too many requests wait for their writes"));
}

void Answerer::enqueue(const TaskPtr& task) const {
    const auto queued_at = parts_.clock.steady();
    const bool queued = parts_.workers.submit([this, task, queued_at](postgres::Pool& pool) {
        if (parts_.clock.steady() - queued_at > parts_.query_timeout) {
            parts_.probe.overloaded().Increment();
            return task->respond(try_again(503, "overloaded", "the request waited too long"));
        }
        run(*task, pool);
    });
    if (queued) return;
    parts_.probe.overloaded().Increment();
    task->respond(try_again(503, "overloaded", "too many requests"));
}

void Answerer::run(const Task& task, postgres::Pool& pool) const {
    try {
        const auto began = parts_.clock.steady();
        const postgres::Result result =
            run_twice(pool, task.question.statement, parts_.query_timeout);
        parts_.probe.statements().Observe(
            std::chrono::duration<double>(parts_.clock.steady() - began).count());
        task.respond(respond_with(task, task.question.read(result)));
    } catch (const postgres::Error& error) {
        parts_.probe.failures().Increment();
        task.respond(unanswered(task, error));
    } catch (const std::exception& error) {
        log_.error("cannot answer", {{"error", error.what()}});
        task.respond(http::problem(500, "internal", "something went wrong"));
    }
}

http::Response Answerer::respond_with(const Task& task, Found found) const {
    for (const Place& wanted : task.terms.after) {
        for (const Covered& covered : found.covered) {
            const bool same = covered.place.domain == wanted.domain &&
                              covered.place.partition == wanted.partition;
            // Reached before, but not by these rows: a generation was swapped for an older one.
            if (same && covered.place.sequence < wanted.sequence) return not_caught_up(wanted);
        }
    }
    http::Response response = std::move(found.response);
    if (response.status == 200) {
        const std::string tag = tag_of(response.body);
        response.headers.emplace_back("ETag", tag);
        response.headers.emplace_back("Cache-Control", "no-cache");
        if (names_tag(task.terms.if_none_match, tag)) {
            response.status = 304;
            response.body.clear();
        }
    }
    add_freshness(task, found.covered, response);
    return response;
}

void Answerer::add_freshness(const Task& task, const std::vector<Covered>& covered,
                             http::Response& response) const {
    if (covered.empty()) return;  // nobody knows the partitions yet
    std::string places;
    std::optional<std::int64_t> lag = 0;
    for (const Covered& one : covered) {
        places += (places.empty() ? "" : ",") + to_text(one.place);
        for (const Source& source : task.question.sources) {
            if (source.domain != one.place.domain) continue;
            const auto its = parts_.board.lag_ms(source.projection, one);
            lag = its && lag ? std::optional(std::max(*lag, *its)) : std::nullopt;
        }
    }
    response.headers.emplace_back("Foldstream-Position", places);
    if (!lag) return;  // Kafka has never answered: no number would be true
    response.headers.emplace_back("Foldstream-Lag-Ms", std::to_string(*lag));
    response.headers.emplace_back("Foldstream-As-Of", rfc3339(parts_.clock.wall_ms() - *lag));
}

http::Response Answerer::unanswered(const Task& task, const postgres::Error& error) const {
    const std::string projection =
        task.question.sources.empty() ? "" : task.question.sources.front().projection;
    log_.error(
        "Postgres did not answer",
        {{"projection", projection}, {"sqlstate", error.sqlstate()}, {"error", error.what()}});
    if (error.sqlstate() == "57014") {
        return try_again(504, "timeout", "the query took too long");
    }
    if (undefined_table(error) || error.sqlstate() == "3F000") {
        return try_again(503, "unavailable", "the read models have not been made yet");
    }
    const bool refused_us = error.sqlstate().starts_with("28");
    if (error.kind() != postgres::ErrorKind::deterministic || refused_us ||
        error.sqlstate().empty()) {
        return try_again(503, "unavailable", "the read models cannot be reached");
    }
    return http::problem(500, "internal", "something went wrong");
}

http::Response refuse(const std::vector<codec::Violation>& violations) {
    std::string list = "[";
    for (const codec::Violation& violation : violations) {
        if (list.size() > 1) list += ',';
        list += R"({"field":)" + runtime::json_text(violation.field) + R"(,"message":)" +
                runtime::json_text(violation.message) + "}";
    }
    return http::problem(400, "invalid", "these parameters cannot be answered",
                         {{"violations", list + "]"}});
}

std::vector<Covered> cover_all(const std::string& domain, const Coverage& coverage,
                               std::int32_t partition_count) {
    std::vector<Covered> covered;
    for (Partition p(0); p.value < partition_count; ++p.value) {
        const auto found = coverage.partitions.find(p);
        const Applied applied = found == coverage.partitions.end() ? Applied{} : found->second;
        covered.push_back({{domain, p, applied.sequence}, applied.seen});
    }
    return covered;
}

}  // namespace foldstream::query
