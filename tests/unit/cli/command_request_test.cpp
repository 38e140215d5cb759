#include "cli/command_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/console.hpp"
#include "common/codec/partitioner.hpp"
#include "common/core/uuid.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using Violations = std::vector<codec::Violation>;

constexpr std::int32_t partitions = 4;

CommandRequest create_order() {
    CommandRequest request;
    request.domain = "orders";
    request.command = "CreateOrder";
    request.command_id = "c-1";
    request.body = R"({"customerName":"Ann","customerEmail":"ann@example.com",)"
                   R"("items":[{"productId":"p","name":"n","priceMinor":100,"quantity":2}]})";
    return request;
}

CommandRequest ship(const std::string& body) {
    CommandRequest request;
    request.domain = "orders";
    request.command = "ShipOrder";
    request.command_id = "c-2";
    request.body = body;
    return request;
}

CommandToSend sent(const CommandRequest& request) {
    auto made = make_record(domains::registry(), request, partitions);
    if (const auto* violations = std::get_if<Violations>(&made)) {
        throw std::runtime_error(violations->at(0).field + " " + violations->at(0).message);
    }
    return std::get<CommandToSend>(std::move(made));
}

Violations refused(const CommandRequest& request) {
    const auto made = make_record(domains::registry(), request, partitions);
    return std::holds_alternative<Violations>(made) ? std::get<Violations>(made) : Violations{};
}

std::string header(const CommandToSend& record, const std::string& name) {
    for (const auto& [key, value] : record.headers) {
        if (key == name) return value;
    }
    return "none";
}

}  // namespace

TEST(CommandRequest, is_a_cloud_event_in_kafkas_binary_mode) {
    const CommandToSend record = sent(create_order());
    EXPECT_EQ(record.topic, "orders.commands");
    EXPECT_EQ(record.value, create_order().body);
    EXPECT_EQ(header(record, "ce_specversion"), "1.0");
    EXPECT_EQ(header(record, "ce_id"), "c-1");
    EXPECT_EQ(header(record, "ce_type"), "foldstream.orders.v1.CreateOrder");
    EXPECT_EQ(header(record, "content-type"), "application/json");
    EXPECT_EQ(header(record, "expected_version"), "none");
    EXPECT_EQ(header(record, "dry_run"), "none");
}

TEST(CommandRequest, carries_expected_version_and_dry_run) {
    CommandRequest request = create_order();
    request.expected_version = 0;
    request.dry_run = true;
    const CommandToSend record = sent(request);
    EXPECT_EQ(header(record, "expected_version"), "0");
    EXPECT_EQ(header(record, "dry_run"), "true");
}

TEST(CommandRequest, goes_to_the_partition_of_its_key) {
    const CommandToSend record = sent(ship(R"({"orderId":"order-17","trackingNumber":"T"})"));
    EXPECT_EQ(record.key, "order-17");
    EXPECT_EQ(record.partition, codec::partition_of("order-17", partitions));
}

TEST(CommandRequest, derives_the_id_of_a_create_from_the_command_id) {
    const CommandToSend record = sent(create_order());
    EXPECT_EQ(record.key, Uuid::v5(domain_namespace("orders"), "c-1").text());
}

TEST(CommandRequest, takes_the_key_that_is_given_for_a_create) {
    CommandRequest request = create_order();
    request.key = "mine";
    EXPECT_EQ(sent(request).key, "mine");
}

TEST(CommandRequest, takes_full_message_names_too) {
    CommandRequest request = create_order();
    request.command = "foldstream.orders.v1.CreateOrder";
    EXPECT_EQ(header(sent(request), "ce_type"), "foldstream.orders.v1.CreateOrder");
}

TEST(CommandRequest, names_the_fields_that_are_wrong) {
    CommandRequest request = create_order();
    request.body = R"({"customerName":"","customerEmail":"nobody","items":[{"priceMinor":-1}]})";
    const Violations violations = refused(request);
    EXPECT_THAT(violations, Contains(Field(&codec::Violation::field, "customerName")));
    EXPECT_THAT(violations, Contains(Field(&codec::Violation::field, "customerEmail")));
    EXPECT_THAT(violations, Contains(Field(&codec::Violation::field, "items[0].priceMinor")));
}

TEST(CommandRequest, names_unknown_fields_and_broken_json) {
    CommandRequest request = create_order();
    request.body = R"({"customer":"Ann"})";
    EXPECT_THAT(refused(request), Contains(Field(&codec::Violation::field, "customer")));
    request.body = "{";
    EXPECT_FALSE(refused(request).empty());
}

TEST(CommandRequest, refuses_a_key_that_differs_from_the_bodys_id) {
    CommandRequest request = ship(R"({"orderId":"a","trackingNumber":"T"})");
    request.key = "b";
    EXPECT_THAT(refused(request), Contains(Field(&codec::Violation::field, "orderId")));
}

TEST(CommandRequest, refuses_a_command_without_the_id_that_it_needs) {
    EXPECT_THAT(refused(ship("{}")), Contains(Field(&codec::Violation::field, "orderId")));
}

TEST(CommandRequest, refuses_a_key_that_no_record_may_have) {
    CommandRequest request = create_order();
    request.key = "two words";
    EXPECT_FALSE(refused(request).empty());
}

TEST(CommandRequest, sends_what_is_wrong_when_it_is_told_not_to_check) {
    CommandRequest request = ship(R"({"orderId":7})");
    request.check = false;
    request.key = "order-1";
    const CommandToSend record = sent(request);
    EXPECT_EQ(record.value, R"({"orderId":7})");
    EXPECT_EQ(record.key, "order-1");
    request.key.clear();
    EXPECT_THROW(sent(request), UsageError) << "no partition without a key";
}

TEST(CommandRequest, names_what_there_is_when_the_name_is_unknown) {
    CommandRequest request = create_order();
    request.command = "MakeOrder";
    try {
        sent(request);
        FAIL() << "there is no such command";
    } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr("MakeOrder"));
        EXPECT_THAT(error.what(), HasSubstr("CreateOrder"));
    }
    request.domain = "users2";
    EXPECT_THROW(sent(request), UsageError);
}

}  // namespace foldstream::cli
