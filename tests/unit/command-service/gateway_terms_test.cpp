#include "command-service/gateway_terms.hpp"

#include <gtest/gtest.h>

namespace foldstream::command_service {
namespace {

using std::chrono::seconds;

ReadTerms terms_of(std::map<std::string, std::string, std::less<>> headers) {
    http::Request request;
    request.headers = std::move(headers);
    return read_terms(request);
}

TEST(GatewayTerms, without_headers_are_the_defaults) {
    const auto [terms, violations] = terms_of({});
    EXPECT_TRUE(violations.empty());
    EXPECT_FALSE(terms.command_id);
    EXPECT_FALSE(terms.if_match);
    EXPECT_FALSE(terms.dry_run);
    EXPECT_EQ(terms.wish, Wish::outcome);
    EXPECT_EQ(terms.wait, seconds(10));
}

TEST(GatewayTerms, are_read_from_headers) {
    const auto [terms, violations] = terms_of({{"idempotency-key", "k 1"},
                                               {"if-match", " \"18446744073709551615\" "},
                                               {"prefer", "wait=7, dry-run"},
                                               {"traceparent", "00-x"}});
    EXPECT_TRUE(violations.empty());
    EXPECT_EQ(terms.command_id, "k 1");
    EXPECT_EQ(terms.if_match, "18446744073709551615");
    EXPECT_TRUE(terms.dry_run);
    EXPECT_EQ(terms.wait, seconds(7));
    EXPECT_EQ(terms.traceparent, "00-x");
}

TEST(GatewayTerms, bound_the_wait_and_know_what_is_waited_for) {
    EXPECT_EQ(terms_of({{"prefer", "wait=9999"}}).terms.wait, seconds(60));
    EXPECT_EQ(terms_of({{"prefer", "wait=0"}}).terms.wait, seconds(0));
    EXPECT_EQ(terms_of({{"prefer", "respond-async"}}).terms.wish, Wish::delivery);
    EXPECT_EQ(terms_of({{"prefer", "respond-async, wait=3"}}).terms.wish,
              Wish::outcome_or_delivery);
}

TEST(GatewayTerms, name_the_headers_that_cannot_be_meant) {
    EXPECT_EQ(terms_of({{"idempotency-key", ""}}).violations.at(0).field, "Idempotency-Key");
    for (const char* tag : {"7", "", "*", "W/\"7\"", "\"\"", "\"x\"", "\"7\", \"8\"", "\"-1\""}) {
        const auto read = terms_of({{"if-match", tag}});
        ASSERT_EQ(read.violations.size(), 1U) << tag;
        EXPECT_EQ(read.violations[0].field, "If-Match");
    }
    http::Request request;
    request.query = {{"dryRun", "true"}};
    EXPECT_EQ(read_terms(request).violations.at(0).field, "dryRun");
}

TEST(Client, is_the_peer_unless_a_trusted_forwarder_names_another) {
    http::Request request;
    request.peer = "10.0.0.1";
    request.headers = {{"x-forwarded-for", "6.6.6.6, 1.2.3.4"}};
    EXPECT_EQ(client_of(request, {}), "10.0.0.1");
    EXPECT_EQ(client_of(request, {"10.0.0.1"}), "1.2.3.4");
    request.headers = {{"x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.2"}};
    EXPECT_EQ(client_of(request, {"10.0.0.1", "10.0.0.2"}), "1.2.3.4");
    request.headers = {{"x-forwarded-for", "10.0.0.2"}};
    EXPECT_EQ(client_of(request, {"10.0.0.1", "10.0.0.2"}), "10.0.0.2");
    request.headers = {{"x-forwarded-for", "6.6.6.6, "}};
    EXPECT_EQ(client_of(request, {"10.0.0.1"}), "10.0.0.1");
}

}  // namespace
}  // namespace foldstream::command_service
