#include "command-service/gateway_command.hpp"

#include <gtest/gtest.h>

#include "command-service/gateway_routes.hpp"
#include "common/core/uuid.hpp"
#include "common/fold/command_record.hpp"
#include "domains/registry.hpp"

namespace foldstream::command_service {
namespace {

using Violations = std::vector<codec::Violation>;

constexpr const char* good =
    R"({"customerName":"Ada","customerEmail":"ada@example.com",)"
    R"("items":[{"productId":"p","name":"tea","priceMinor":100,"quantity":1}]})";

const fold::DomainModule& orders() { return *domains::registry().find("orders"); }

CommandDraft draft(std::string_view command, std::string_view body) {
    CommandDraft made;
    made.domain = &orders();
    made.type = find_short(orders(), command);
    made.command_id = "c-1";
    made.body = body;
    return made;
}

// The same by topic: a record in CloudEvents binary mode.
Violations refused_by_topic(const CommandDraft& draft) {
    fold::RawCommand raw;
    raw.topic = "orders.commands";
    if (draft.key) raw.key = *draft.key;
    raw.value = draft.body;
    raw.headers = {{"ce_id", draft.command_id},
                   {"ce_type", draft.type->name},
                   {"content-type", "application/json"}};
    if (draft.expected_version) {
        raw.headers.emplace_back("expected_version", *draft.expected_version);
    }
    const auto decoded = fold::decode_command(orders(), raw, 1);
    return decoded ? Violations{} : decoded.error().violations;
}

Violations refused(const CommandDraft& draft) {
    auto made = pack(draft);
    return made ? Violations{} : made.error().violations;
}

TEST(GatewayCommand, is_what_its_owner_reads) {
    CommandDraft given = draft("CreateOrder", good);
    given.expected_version = "0";
    given.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    given.dry_run = true;
    const auto made = pack(given);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->key, Uuid::v5(domain_namespace("orders"), "c-1").text());
    fold::RawCommand raw;
    const std::string value = made->command.SerializeAsString();
    raw.key = made->key;
    raw.value = value;
    const auto decoded = fold::decode_command(orders(), raw, 1);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->command_id, "c-1");
    EXPECT_EQ(decoded->aggregate_id, made->key);
    EXPECT_EQ(decoded->expected_version, Version(0));
    EXPECT_EQ(decoded->traceparent, given.traceparent);
    EXPECT_TRUE(decoded->dry_run);
    EXPECT_FALSE(decoded->reply);
}

TEST(GatewayCommand, takes_its_id_from_the_path) {
    CommandDraft given = draft("CancelOrder", "");
    given.key = "o-1";
    const auto made = pack(given);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->key, "o-1");
    given.body = R"({"orderId":"o-1","reason":"late"})";
    EXPECT_TRUE(pack(given));
    given.body = R"({"orderId":"o-2"})";
    EXPECT_EQ(refused(given),
              (Violations{{"orderId", "differs from the record's key or the path"}}));
    given.key = "a b";
    given.body = "";
    EXPECT_EQ(refused(given).at(0).field, "orderId");
}

TEST(GatewayCommand, is_refused_in_the_words_that_its_owner_would_use) {
    std::string deep = R"({"items":)";
    for (int i = 0; i < 100; ++i) deep += '[';
    const std::string bodies[] = {
        "{",
        "[]",
        "null",
        R"({"customerName":7,"nonsense":1})",
        R"({"customerName":""})",
        R"({"orderId":"a b"})",
        R"({"orderId":"o\u0000"})",
        "{\"customerName\":\"\xFF\"}",
        R"({"items":[{"quantity":0,"priceMinor":-1},7],"currency":"dollars"})",
        R"({"items":[{"quantity":99999999999}]})",
        R"({"customerEmail":"nobody"} x)",
        deep,
        R"({"customerName":")" + std::string(300, 'x') + R"("})",
        "{\"customerName\":\"" + std::string(fold::max_command_bytes, 'x') + "\"}",
    };
    for (const std::string& body : bodies) {
        const CommandDraft given = draft("CreateOrder", body);
        const Violations said = refused(given);
        EXPECT_FALSE(said.empty()) << body.substr(0, 80);
        EXPECT_EQ(said, refused_by_topic(given)) << body.substr(0, 80);
    }
    CommandDraft given = draft("CreateOrder", R"({"customerName":"","nonsense":1})");
    given.command_id = std::string(129, 'c');
    given.expected_version = "99999999999999999999";
    EXPECT_EQ(refused(given), refused_by_topic(given));
    EXPECT_EQ(refused(given), (Violations{{"ce_id", "must have at most 128 bytes"},
                                          {"expected_version", "must be a number from 0"},
                                          {"nonsense", "is not a field of CreateOrder"},
                                          {"customerName", "is required"},
                                          {"customerEmail", "is required"},
                                          {"items", "must have at least 1 items"}}));
    given.command_id = "c\xFF";
    EXPECT_EQ(refused(given), refused_by_topic(given));
}

TEST(GatewayCommand, does_not_call_missing_what_is_malformed) {
    EXPECT_EQ(refused(draft("CreateOrder", R"({"customerName":7,"items":[7]})")),
              (Violations{{"customerName", "must be a text"},
                          {"items[0]", "must be an object"},
                          {"customerEmail", "is required"}}));
    // What stands behind the fault was not read.
    EXPECT_EQ(refused(draft("CreateOrder", R"({"customerName":"Ada",,)")).size(), 1U);
}

TEST(GatewayCommand, that_is_too_large_says_so) {
    const std::string body(fold::max_command_bytes + 1, ' ');
    const auto made = pack(draft("CreateOrder", body));
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().too_large);
    EXPECT_FALSE(pack(draft("CreateOrder", "{}")).error().too_large);
}

}  // namespace
}  // namespace foldstream::command_service
