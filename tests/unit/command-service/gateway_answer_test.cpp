#include "command-service/gateway_answer.hpp"
#include "common/fold/codes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foldstream::command_service {
namespace {

using testing::HasSubstr;

v1::CommandOutcome outcome(v1::Outcome status = v1::OUTCOME_ACCEPTED) {
    v1::CommandOutcome made;
    made.set_command_id("c-1");
    made.set_status(status);
    made.set_aggregate_id("o-1");
    made.set_version(7);
    made.mutable_position()->set_domain("orders");
    made.mutable_position()->set_partition(3);
    made.mutable_position()->set_sequence(1042);
    return made;
}

v1::CommandOutcome with_event(std::uint64_t version) {
    v1::CommandOutcome made = outcome();
    made.set_version(version);
    auto& event = *made.add_events();
    event.set_event_id("orders:3:1042:0");
    event.set_type("foldstream.orders.v1.OrderCreated");
    event.set_version(version);
    return made;
}

v1::CommandOutcome refusal(const std::string& code, int status) {
    v1::CommandOutcome made = outcome(v1::OUTCOME_REFUSED);
    made.mutable_problem()->set_code(code);
    made.mutable_problem()->set_status(status);
    made.mutable_problem()->set_title("No \"way\"");
    return made;
}

std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [known, value] : response.headers) {
        if (known == name) return value;
    }
    return {};
}

Waiting waiting(Stage stage, Wish wish = Wish::outcome) {
    Waiting made;
    made.command_id = "c 1";
    made.stage = stage;
    made.wish = wish;
    return made;
}

TEST(GatewayAnswer, to_an_accepted_command_is_its_outcome) {
    const http::Response response = answer_of(with_event(7), false);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(header(response, "ETag"), "\"7\"");
    EXPECT_EQ(header(response, "Foldstream-Position"), "orders:3:1042");
    EXPECT_EQ(response.body,
              R"({"commandId":"c-1","status":"accepted","duplicate":false,"aggregateId":"o-1",)"
              R"("version":7,"events":[{"eventId":"orders:3:1042:0",)"
              R"("type":"foldstream.orders.v1.OrderCreated","version":7}],)"
              R"("position":"orders:3:1042"})");
}

TEST(GatewayAnswer, says_201_where_the_aggregate_came_into_being_also_when_it_is_asked_again) {
    v1::CommandOutcome created = with_event(1);
    EXPECT_EQ(answer_of(created, false).status, 201);
    created.set_duplicate(true);
    EXPECT_EQ(answer_of(created, false).status, 201);
    EXPECT_EQ(answer_of(outcome(), false).status, 200);  // accepted without an event
}

TEST(GatewayAnswer, to_a_dry_run_has_no_tag) {
    v1::CommandOutcome made = with_event(1);
    made.set_status(v1::OUTCOME_DRY_RUN);
    const http::Response response = answer_of(made, false);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(header(response, "ETag"), "");
    EXPECT_THAT(response.body, HasSubstr(R"("status":"dry-run")"));
}

TEST(GatewayAnswer, to_a_refused_command_is_a_problem_that_names_its_entry) {
    const http::Response response = answer_of(refusal("order-not-payable", 422), false);
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_THAT(response.body, HasSubstr(R"("code":"order-not-payable","detail":"No \"way\"")"));
    EXPECT_THAT(response.body,
                HasSubstr(R"("commandId":"c-1","position":"orders:3:1042","duplicate":false,)"
                          R"("aggregateId":"o-1","version":7})"));
    EXPECT_EQ(header(response, "Foldstream-Position"), "orders:3:1042");
}

TEST(GatewayAnswer, to_a_version_that_differs_is_412_where_the_header_asked) {
    v1::CommandOutcome made = refusal("version-conflict", 409);
    made.mutable_problem()->set_expected(3);
    made.mutable_problem()->set_actual(7);
    EXPECT_EQ(answer_of(made, false).status, 409);
    EXPECT_EQ(answer_of(made, true).status, 412);
    EXPECT_THAT(answer_of(made, true).body, HasSubstr(R"("expected":3,"actual":7)"));
    EXPECT_EQ(answer_of(refusal("already-exists", 409), true).status, 409);
}

TEST(GatewayAnswer, to_a_busy_aggregate_says_when_to_try_again) {
    EXPECT_EQ(header(answer_of(refusal("busy", 429), false), "Retry-After"), "1");
}

TEST(GatewayAnswer, at_the_deadline_says_what_is_known) {
    EXPECT_EQ(expired_answer(waiting(Stage::queued)).status, 503);
    for (const Stage stage : {Stage::sent, Stage::delivered}) {
        const http::Response unknown = expired_answer(waiting(stage));
        EXPECT_EQ(unknown.status, 504);
        EXPECT_THAT(unknown.body, HasSubstr(R"("code":"outcome-unknown")"));
        EXPECT_THAT(unknown.body, HasSubstr(R"("commandId":"c 1")"));
    }
    EXPECT_EQ(expired_answer(waiting(Stage::sent, Wish::outcome_or_delivery)).status, 504);
    EXPECT_EQ(expired_answer(waiting(Stage::delivered, Wish::outcome_or_delivery)).status, 202);
}

TEST(GatewayAnswer, to_a_delivered_command_says_where_to_ask) {
    const http::Response response = pending_answer("c 1/x");
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(response.body, R"({"commandId":"c 1/x","status":"pending"})");
    EXPECT_EQ(header(response, "Location"), "/api/v1/commands/c%201%2Fx");
    EXPECT_EQ(header(response, "ETag"), "");
}

TEST(GatewayAnswer, of_the_gateway_itself_names_no_entry) {
    const http::Response invalid = invalid_answer({{"a.b[0]", "is \"bad\""}, {"", "is none"}});
    EXPECT_EQ(invalid.status, 400);
    EXPECT_THAT(invalid.body,
                HasSubstr(R"("violations":[{"field":"a.b[0]","message":"is \"bad\""},)"
                          R"({"field":"","message":"is none"}])"));
    EXPECT_EQ(invalid.body.find("position"), std::string::npos);
    for (const http::Response& again :
         {unavailable_answer(), not_admitted_answer(Admission::closed),
          not_admitted_answer(Admission::full), not_admitted_answer(Admission::client_full)}) {
        EXPECT_TRUE(again.status == 503 || again.status == 429);
        EXPECT_EQ(header(again, "Retry-After"), "1");
    }
}

TEST(GatewayAnswer, as_a_line_has_its_status) {
    EXPECT_EQ(as_line(pending_answer("c-1")),
              R"({"commandId":"c-1","status":"pending","httpStatus":202})");
}

TEST(GatewayAnswer, is_final_unless_a_later_entry_decides) {
    for (const auto status :
         {v1::OUTCOME_HELD, v1::OUTCOME_QUEUED, v1::OUTCOME_SCHEDULED, v1::OUTCOME_FORWARDED}) {
        EXPECT_FALSE(fold::is_final(outcome(status).status()));
    }
    for (const auto status : {v1::OUTCOME_ACCEPTED, v1::OUTCOME_REFUSED, v1::OUTCOME_DRY_RUN}) {
        EXPECT_TRUE(fold::is_final(outcome(status).status()));
    }
}

}  // namespace
}  // namespace foldstream::command_service
