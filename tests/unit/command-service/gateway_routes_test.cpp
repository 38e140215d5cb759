#include "command-service/gateway_routes.hpp"

#include <gtest/gtest.h>

#include "common/http/target.hpp"
#include "domains/registry.hpp"
#include "tests/unit/command-service/doors.hpp"

namespace foldstream::command_service {
namespace {

using Headers = std::map<std::string, std::string, std::less<>>;

class Routes : public testing::Test {
protected:
    // The answer's status; 0: the door has it.
    int ask(const std::string& method, const std::string& target, const std::string& body = "",
            Headers headers = {}) {
        const auto parsed = http::parse_target(target);
        const auto match = router_.find(method, parsed->segments);
        if (match.handler == nullptr) return match.allow.empty() ? 404 : 405;
        http::Request request;
        request.method = method;
        request.path_values = match.values;
        request.query = parsed->query;
        request.headers = std::move(headers);
        request.body = body;
        request.peer = "10.0.0.1";
        int status = 0;
        (*match.handler)(std::move(request), [&](http::Response response) {
            answer_ = std::move(response);
            status = answer_.status;
        });
        return status;
    }
    Taken taken() {
        EXPECT_EQ(door_.held.size(), 1U);
        Taken taken = std::move(door_.held.front());
        door_.held.pop_front();
        return taken;
    }

    HeldDoor door_;
    GatewayOptions options_;
    http::Router router_ = make_routes(domains::registry(), door_, options_);
    http::Response answer_;
};

TEST_F(Routes, take_each_command_of_each_domain_by_its_name) {
    for (const auto& domain : domains::registry().domains()) {
        for (const auto& type : domain->commands) {
            const std::string name(type->short_name());
            EXPECT_EQ(ask("POST", "/api/v1/commands/" + domain->name + "/" + name, "{}"), 0);
            const Taken it = taken();
            EXPECT_EQ(it.command, name);
            EXPECT_EQ(it.body, "{}");
            EXPECT_FALSE(it.key);
        }
    }
}

TEST_F(Routes, are_made_of_the_annotations) {
    EXPECT_EQ(ask("POST", "/api/v1/orders/order", "{}"), 0);
    EXPECT_EQ(taken().command, "CreateOrder");
    EXPECT_EQ(ask("PUT", "/api/v1/orders/order/o-1/status", R"({"status":"paid"})"), 0);
    Taken it = taken();
    EXPECT_EQ(it.command, "UpdateOrderStatus");
    EXPECT_EQ(it.key, "o-1");
    EXPECT_EQ(ask("PUT", "/api/v1/orders/order/o%2F1/cancel"), 0);
    it = taken();
    EXPECT_EQ(it.command, "CancelOrder");
    EXPECT_EQ(it.key, "o/1");
    EXPECT_EQ(ask("DELETE", "/api/v1/orders/order/o-1"), 0);
    EXPECT_EQ(taken().command, "DeleteOrder");
}

TEST_F(Routes, do_not_know_what_is_not_there) {
    EXPECT_EQ(ask("POST", "/api/v1/commands/none/CreateOrder"), 404);
    EXPECT_EQ(ask("POST", "/api/v1/commands/orders/None"), 404);
    // By its short name alone, and none of the platform's own.
    EXPECT_EQ(ask("POST", "/api/v1/commands/orders/foldstream.orders.v1.CreateOrder"), 404);
    EXPECT_EQ(ask("POST", "/api/v1/commands/orders/CreateSnapshots"), 404);
    EXPECT_EQ(ask("POST", "/api/v1/orders/order/o-1/pay"), 404);
    EXPECT_EQ(ask("GET", "/api/v1/commands/orders/CreateOrder"), 405);
    EXPECT_TRUE(door_.held.empty());
}

TEST_F(Routes, pass_on_what_the_headers_ask_for) {
    EXPECT_EQ(ask("POST", "/api/v1/commands/orders/ShipOrder", "{}",
                  {{"idempotency-key", "k-1"}, {"if-match", "\"3\""}, {"prefer", "dry-run"}}),
              0);
    const Taken it = taken();
    EXPECT_EQ(it.command_id, "k-1");
    EXPECT_EQ(it.expected_version, "3");
    EXPECT_TRUE(it.if_match);
    EXPECT_TRUE(it.dry_run);
    EXPECT_EQ(it.client, "10.0.0.1");
    EXPECT_EQ(it.violations, 0U);
    EXPECT_EQ(ask("POST", "/api/v1/commands/orders/ShipOrder?a=1", "{}", {{"if-match", "3"}}), 0);
    EXPECT_EQ(taken().violations, 2U);
}

TEST_F(Routes, say_when_there_is_no_room) {
    door_.room = 0;
    EXPECT_EQ(ask("POST", "/api/v1/orders/order", "{}"), 429);
    door_.refusal = Admission::full;
    EXPECT_EQ(ask("POST", "/api/v1/orders/order", "{}"), 429);
    door_.refusal = Admission::closed;
    EXPECT_EQ(ask("POST", "/api/v1/orders/order", "{}"), 503);
}

TEST_F(Routes, take_batches_without_a_key_of_their_own) {
    EXPECT_EQ(ask("POST", "/api/v1/commands:batch", R"({"domain":"orders","command":"ShipOrder"})"),
              0);
    EXPECT_EQ(taken().command, "ShipOrder");
    EXPECT_EQ(ask("POST", "/api/v1/commands:batch", "{}", {{"idempotency-key", "k"}}), 400);
    EXPECT_EQ(ask("POST", "/api/v1/commands:batch", "{}", {{"if-match", "\"1\""}}), 400);
}

}  // namespace
}  // namespace foldstream::command_service
