#include "command-service/gateway_answer.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <utility>

#include "common/codec/json_object.hpp"
#include "common/fold/codes.hpp"

namespace foldstream::command_service {

namespace {

using codec::json_string;
using codec::json_violations;
using codec::JsonObject;
using Members = std::vector<std::pair<std::string, std::string>>;

std::string position_of(const v1::CommandOutcome& outcome) {
    const v1::Position& position = outcome.position();
    return position.domain() + ":" + std::to_string(position.partition()) + ":" +
           std::to_string(position.sequence());
}

std::string events_of(const v1::CommandOutcome& outcome) {
    std::vector<std::string> items;
    for (const v1::EventReference& event : outcome.events()) {
        JsonObject item;
        item.text("eventId", event.event_id())
            .text("type", event.type())
            .number("version", event.version());
        items.push_back(item.done());
    }
    return codec::json_array(items);
}

http::Response try_again(http::Response response) {
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

http::Response problem_of(const v1::CommandOutcome& outcome, bool if_match) {
    const v1::Problem& problem = outcome.problem();
    Members extra;
    if (problem.violations_size() > 0) {
        std::vector<codec::Violation> violations;
        for (const v1::Violation& violation : problem.violations()) {
            violations.push_back({violation.field(), violation.message()});
        }
        extra.emplace_back("violations", json_violations(violations));
    }
    if (problem.has_expected()) extra.emplace_back("expected", std::to_string(problem.expected()));
    if (problem.has_actual()) extra.emplace_back("actual", std::to_string(problem.actual()));
    extra.emplace_back("commandId", json_string(outcome.command_id()));
    extra.emplace_back("position", json_string(position_of(outcome)));
    extra.emplace_back("duplicate", outcome.duplicate() ? "true" : "false");
    extra.emplace_back("aggregateId", json_string(outcome.aggregate_id()));
    extra.emplace_back("version", std::to_string(outcome.version()));
    const bool failed_condition = if_match && problem.code() == "version-conflict";
    http::Response response = http::problem(failed_condition ? 412 : problem.status(),
                                            problem.code(), problem.title(), extra);
    response.headers.emplace_back("Foldstream-Position", position_of(outcome));
    return response.status == 429 ? try_again(std::move(response)) : response;
}

// The first event of an aggregate has version 1.
bool created(const v1::CommandOutcome& outcome) {
    return outcome.events_size() > 0 && outcome.events(0).version() == 1;
}

std::string escaped(std::string_view text) {
    return boost::urls::encode(text, boost::urls::unreserved_chars);
}

}  // namespace

http::Response answer_of(const v1::CommandOutcome& outcome, bool if_match) {
    if (!outcome.problem().code().empty()) return problem_of(outcome, if_match);
    const bool dry_run = outcome.status() == v1::OUTCOME_DRY_RUN;
    JsonObject body;
    body.text("commandId", outcome.command_id())
        .text("status", dry_run ? "dry-run" : "accepted")
        .truth("duplicate", outcome.duplicate())
        .text("aggregateId", outcome.aggregate_id())
        .number("version", outcome.version())
        .raw("events", events_of(outcome))
        .text("position", position_of(outcome));
    http::Response response;
    response.body = body.done();
    response.headers.emplace_back("Foldstream-Position", position_of(outcome));
    if (dry_run) return response;
    response.status = created(outcome) ? 201 : 200;
    response.headers.emplace_back("ETag", '"' + std::to_string(outcome.version()) + '"');
    return response;
}

http::Response pending_answer(std::string_view command_id) {
    JsonObject body;
    body.text("commandId", command_id).text("status", "pending");
    return {202,
            "application/json",
            {{"Location", "/api/v1/commands/" + escaped(command_id)}},
            body.done()};
}

http::Response expired_answer(const Waiting& waiting) {
    if (waiting.stage == Stage::queued) return unavailable_answer();
    const bool delivered = waiting.stage == Stage::delivered;
    if (delivered && waiting.wish != Wish::outcome) return pending_answer(waiting.command_id);
    return unknown_answer(waiting.command_id,
                          delivered ? "the command is in its topic, and was not decided in time"
                                    : "the command may have been taken");
}

http::Response missing_answer(std::string_view detail) {
    return http::problem(404, "not-found", detail);
}

http::Response invalid_answer(const std::vector<codec::Violation>& violations) {
    return http::problem(400, "invalid", fold::platform_code_text("invalid").title,
                         {{"violations", json_violations(violations)}});
}

http::Response too_large_answer(std::string_view detail) {
    return http::problem(413, "too-large", detail);
}

http::Response unknown_answer(std::string_view command_id, std::string_view detail) {
    return http::problem(504, "outcome-unknown", detail, {{"commandId", json_string(command_id)}});
}

http::Response unavailable_answer() {
    return try_again(http::problem(503, "unavailable", "commands cannot be taken at the moment"));
}

http::Response not_admitted_answer(Admission admission) {
    switch (admission) {
        case Admission::full:
            return try_again(http::problem(429, "too-many-in-flight",
                                           "too many commands wait for their outcomes"));
        case Admission::client_full:
            return try_again(http::problem(429, "too-many-in-flight",
                                           "too many of your commands wait for their outcomes"));
        default:
            return unavailable_answer();
    }
}

std::string as_line(http::Response response) {
    std::string line = std::move(response.body);
    line.pop_back();  // its brace: every answer is an object with members
    return line + R"(,"httpStatus":)" + std::to_string(response.status) + "}";
}

}  // namespace foldstream::command_service
