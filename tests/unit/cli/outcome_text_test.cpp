#include "cli/outcome_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/fold/codes.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

using ::testing::HasSubstr;

const fold::DomainModule& orders() { return *domains::registry().find("orders"); }

PlacedEntry accepted() {
    PlacedEntry placed{Partition(3), Sequence(1042), {}};
    v1::Entry& entry = placed.entry;
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    entry.set_command_id("c-1");
    entry.set_aggregate_id("o-1");
    entry.set_version(2);
    for (std::uint64_t version = 1; version <= 2; ++version) {
        v1::Event& event = *entry.add_events();
        event.set_type("foldstream.orders.v1.OrderShipped");
        event.set_version(version);
    }
    return placed;
}

PlacedEntry refused(const std::string& code) {
    PlacedEntry placed = accepted();
    placed.entry.set_outcome(v1::OUTCOME_REFUSED);
    placed.entry.set_code(code);
    placed.entry.clear_events();
    return placed;
}

}  // namespace

TEST(OutcomeText, an_accepted_command_has_the_body_of_the_interfaces) {
    const Answer answer = answer_of(orders(), accepted(), false);
    EXPECT_TRUE(answer.accepted);
    EXPECT_EQ(answer.json,
              R"({"commandId":"c-1","status":"accepted","duplicate":false,"aggregateId":"o-1",)"
              R"("version":2,"events":[)"
              R"({"eventId":"orders:3:1042:0","type":"foldstream.orders.v1.OrderShipped",)"
              R"("version":1},)"
              R"({"eventId":"orders:3:1042:1","type":"foldstream.orders.v1.OrderShipped",)"
              R"("version":2}],"position":"orders:3:1042"})");
}

TEST(OutcomeText, a_duplicate_gives_the_first_answer_and_says_so) {
    const Answer answer = answer_of(orders(), accepted(), true);
    EXPECT_TRUE(answer.accepted);
    EXPECT_THAT(answer.json, HasSubstr(R"("duplicate":true)"));
    EXPECT_THAT(answer.json, HasSubstr(R"("position":"orders:3:1042")"));
}

TEST(OutcomeText, a_refusal_is_a_problem_with_its_code_and_place) {
    const Answer answer = answer_of(orders(), refused("order-not-payable"), false);
    EXPECT_FALSE(answer.accepted);
    EXPECT_THAT(answer.json, HasSubstr(R"("status":422,"code":"order-not-payable")"));
    EXPECT_THAT(answer.json, HasSubstr("Only a pending order can be paid"));
    EXPECT_THAT(answer.json,
                HasSubstr(R"("commandId":"c-1","position":"orders:3:1042","duplicate":false,)"
                          R"("aggregateId":"o-1","version":2)"));
}

TEST(OutcomeText, a_version_conflict_tells_both_versions) {
    PlacedEntry placed = refused("version-conflict");
    placed.entry.set_expected_version(7);
    const Answer answer = answer_of(orders(), placed, false);
    EXPECT_THAT(answer.json, HasSubstr(R"("status":409)"));
    EXPECT_THAT(answer.json, HasSubstr(R"("expected":7,"actual":2)"));
}

TEST(OutcomeText, every_code_of_the_platform_has_its_status) {
    const std::vector<std::pair<const char*, int>> codes{
        {"invalid", 400},           {"misrouted", 400},     {"unauthenticated", 401},
        {"forbidden", 403},         {"not-found", 404},     {"already-exists", 409},
        {"version-conflict", 409},  {"already-taken", 409}, {"command-id-reused", 409},
        {"too-large", 413},         {"busy", 429},          {"internal", 500},
        {"order-not-payable", 422}, {"of-a-newer-one", 422}};
    for (const auto& [code, status] : codes) {
        EXPECT_EQ(fold::code_text(orders(), code).status, status) << code;
        EXPECT_FALSE(fold::code_text(orders(), code).title.empty()) << code;
    }
}

TEST(OutcomeText, a_dry_run_is_told_apart_from_what_happened) {
    PlacedEntry placed = accepted();
    placed.entry.set_outcome(v1::OUTCOME_DRY_RUN);
    placed.entry.clear_events();
    EXPECT_THAT(answer_of(orders(), placed, false).json, HasSubstr(R"("status":"dry-run")"));
    EXPECT_TRUE(answer_of(orders(), placed, false).accepted);
    placed.entry.set_code("order-not-payable");
    EXPECT_FALSE(answer_of(orders(), placed, false).accepted);
}

TEST(OutcomeText, what_is_not_final_is_no_answer) {
    v1::Entry entry;
    for (const v1::Outcome outcome :
         {v1::OUTCOME_HELD, v1::OUTCOME_QUEUED, v1::OUTCOME_SCHEDULED, v1::OUTCOME_FORWARDED}) {
        entry.set_outcome(outcome);
        EXPECT_FALSE(fold::is_final(entry.outcome())) << outcome;
    }
    for (const v1::Outcome outcome :
         {v1::OUTCOME_ACCEPTED, v1::OUTCOME_REFUSED, v1::OUTCOME_DUPLICATE, v1::OUTCOME_DRY_RUN}) {
        entry.set_outcome(outcome);
        EXPECT_TRUE(fold::is_final(entry.outcome())) << outcome;
    }
}

TEST(OutcomeText, problems_of_foldctls_own_have_no_place) {
    const Answer invalid = invalid_answer({{"items[0].priceMinor", "must be at least 0"}});
    EXPECT_FALSE(invalid.accepted);
    EXPECT_THAT(invalid.json, HasSubstr(R"("violations":[{"field":"items[0].priceMinor",)"));
    EXPECT_THAT(invalid.json, ::testing::Not(HasSubstr("position")));
    const Answer unknown = unknown_answer("c-9", "no outcome within 10 s");
    EXPECT_FALSE(unknown.accepted);
    EXPECT_THAT(unknown.json, HasSubstr(R"("status":504,"code":"outcome-unknown")"));
    EXPECT_THAT(unknown.json, HasSubstr(R"("commandId":"c-9")"));
    const Answer pending = pending_answer("c-9", "orders.commands", Partition(2), Offset(17));
    EXPECT_TRUE(pending.accepted);
    EXPECT_THAT(pending.json, HasSubstr(R"("partition":2,"offset":17)"));
}

TEST(OutcomeText, quotes_what_others_chose) {
    PlacedEntry placed = accepted();
    placed.entry.set_command_id("a\"b\n");
    EXPECT_THAT(answer_of(orders(), placed, false).json, HasSubstr(R"("commandId":"a\"b\n")"));
    EXPECT_THAT(unknown_answer("a\"b", "x").json, HasSubstr(R"("commandId":"a\"b")"));
}

}  // namespace foldstream::cli
