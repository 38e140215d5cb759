#include "common/fold/command_record.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/core/uuid.hpp"
#include "tests/unit/common/fold/command_records.hpp"

namespace foldstream::fold {
namespace {

using namespace records;

TEST(CommandRecord, is_read_from_cloudevents_headers) {
    const auto decoded =
        by_headers({{"ce_specversion", "1.0"},
                    {"ce_source", "shop"},
                    {"content-type", "application/protobuf"},
                    {"expected_version", "18446744073709551615"},
                    {"dry_run", "true"},
                    {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
                    {"reply_partition", "3"},
                    {"reply_instance", "gateway-1"},
                    {"meta_source", "web"},
                    {"authorization", "\xFF\xFE"}})
            .decode();
    ASSERT_TRUE(decoded) << decoded.error().violations.at(0).message;
    EXPECT_EQ(decoded->type, orders().find_command(complete_type));
    EXPECT_EQ(decoded->command_id, "c-1");
    EXPECT_EQ(decoded->aggregate_id, "o-1");
    EXPECT_EQ(decoded->expected_version, Version(UINT64_MAX));
    EXPECT_TRUE(decoded->dry_run);
    EXPECT_EQ(decoded->traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    ASSERT_TRUE(decoded->reply);
    EXPECT_EQ(decoded->reply->partition(), 3);
    EXPECT_EQ(decoded->reply->instance(), "gateway-1");
    ASSERT_EQ(decoded->attributes.size(), 1U);
    EXPECT_EQ(decoded->attributes[0].name(), "source");
    EXPECT_EQ(decoded->attributes[0].value(), "web");
    EXPECT_EQ(static_cast<const orders::v1::CompleteOrder&>(*decoded->message).order_id(), "o-1");
}

TEST(CommandRecord, without_the_optional_headers_has_none_of_them) {
    const auto decoded = by_headers().decode();
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->expected_version, std::nullopt);
    EXPECT_FALSE(decoded->dry_run);
    EXPECT_EQ(decoded->traceparent, "");
    EXPECT_TRUE(decoded->attributes.empty());
    EXPECT_FALSE(decoded->reply);
    EXPECT_FALSE(decoded->source);
}

TEST(CommandRecord, is_read_from_a_packed_command) {
    v1::Command command = envelope();
    command.set_content_type(v1::CONTENT_TYPE_JSON);
    command.set_value(R"({"orderId":"o-1"})");
    command.set_expected_version(0);
    command.set_dry_run(true);
    command.set_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    command.mutable_reply()->set_instance("gateway-1");
    auto* attribute = command.add_attributes();
    attribute->set_name("source");
    attribute->set_value("web");
    command.set_authorization("\xFF");
    const auto decoded = packed(command).decode();
    ASSERT_TRUE(decoded) << decoded.error().violations.at(0).message;
    EXPECT_EQ(decoded->command_id, "c-1");
    EXPECT_EQ(decoded->aggregate_id, "o-1");
    EXPECT_EQ(decoded->expected_version, Version(0));
    EXPECT_TRUE(decoded->dry_run);
    EXPECT_FALSE(decoded->traceparent.empty());
    EXPECT_EQ(decoded->reply->instance(), "gateway-1");
    ASSERT_EQ(decoded->attributes.size(), 1U);
    EXPECT_EQ(decoded->attributes[0].name(), "source");
}

TEST(CommandRecord, of_a_sender_that_nobody_authenticated_keeps_no_platform_fields) {
    v1::Command command = envelope();
    command.mutable_source()->set_domain("users");
    command.mutable_source()->set_n(9);
    command.set_first_append_time_ms(5);
    const auto decoded = packed(command).decode();
    ASSERT_TRUE(decoded);
    EXPECT_FALSE(decoded->source);
    EXPECT_EQ(decoded->first_append_time_ms, 0);
}

TEST(CommandRecord, has_the_same_hash_in_all_its_forms) {
    const std::string wanted = "fcab3e2ed63ea4ed5e22e5c1f26156ed";  // by python-xxhash
    std::vector<Record> forms;
    forms.push_back(by_headers());
    forms.push_back(packed(envelope()));
    forms.push_back(by_headers({{"content-type", "application/json"}}));
    forms.back().value = R"({ "order_id" : "o-1" })";
    forms.push_back(by_headers());  // the id from the key
    forms.back().value = "";
    forms.push_back(by_headers());  // the id from the message
    forms.back().key.reset();
    forms.push_back(by_headers());
    forms.back().key = "";
    for (const Record& record : forms) {
        const auto decoded = record.decode();
        ASSERT_TRUE(decoded) << decoded.error().violations.at(0).message;
        EXPECT_EQ(hex(decoded->body_hash), wanted);
        EXPECT_EQ(decoded->aggregate_id, "o-1");
        EXPECT_EQ(decoded->message->SerializeAsString(), complete("o-1"));
    }
    // Another type with the same bytes is another body.
    orders::v1::DeleteOrder other;
    other.set_order_id("o-1");
    EXPECT_NE(hex(body_hash(other)), wanted);
}

TEST(CommandRecord, whose_key_and_id_differ_is_refused) {
    Record record = by_headers();
    record.value = complete("o-2");
    EXPECT_EQ(refusal(record), invalid("orderId", "differs from the record's key or the path"));
    EXPECT_FALSE(identified(record));
}

TEST(CommandRecord, that_names_no_aggregate_is_refused_unless_it_creates_one) {
    Record record = by_headers();
    record.key.reset();
    record.value = "";
    EXPECT_EQ(refusal(record), invalid("orderId", "is required"));
    EXPECT_FALSE(identified(record));
}

TEST(CommandRecord, whose_aggregate_cannot_be_an_id_is_refused_with_all_else_that_is_wrong) {
    for (const std::string& id : {std::string("a b"), std::string("o/1"), std::string(129, 'x'),
                                  std::string("\xC3\xA9"), std::string("o\0", 2)}) {
        Record record = by_headers();
        record.key = id;
        record.value = "";
        EXPECT_EQ(refusal(record), invalid("orderId", bad_id));
        EXPECT_FALSE(identified(record));
    }
    Record record{"a b", "{}", {{"ce_type", create_type}, {"content-type", "application/json"}}};
    const auto [code, violations] = refusal(record);
    EXPECT_EQ(code, "invalid");
    EXPECT_EQ(violations, (Violations{{"orderId", bad_id},
                                      {"customerName", "is required"},
                                      {"customerEmail", "is required"},
                                      {"items", "must have at least 1 items"}}));
}

TEST(CommandRecord, names_all_that_is_wrong_unless_it_could_not_be_read_to_its_end) {
    Record record{"o-1",
                  R"({"customerName":7,"nonsense":1,"items":[{"quantity":0,"name":8}]})",
                  {{"ce_type", create_type},
                   {"ce_id", std::string(129, 'c')},
                   {"content-type", "application/json"}}};
    EXPECT_EQ(refusal(record).second, (Violations{{"ce_id", "must have at most 128 bytes"},
                                                  {"customerName", "must be a text"},
                                                  {"nonsense", "is not a field of CreateOrder"},
                                                  {"items[0].name", "must be a text"},
                                                  {"customerEmail", "is required"},
                                                  {"items[0].productId", "is required"},
                                                  {"items[0].quantity", "must be at least 1"}}));
    record.headers[1].second = "c-1";
    record.value = R"({"nonsense":1,"customerName":)";
    EXPECT_EQ(refusal(record).second.size(), 2U);
}

TEST(CommandRecord, that_creates_gets_an_id_out_of_the_command_id) {
    const std::string id = Uuid::v5(domain_namespace("orders"), "c-1").text();
    ASSERT_EQ(id, "3b99307e-d5bb-577c-9043-fdc40d1609de");  // Python's uuid.uuid5
    Record record{
        std::nullopt,
        order_json,
        {{"ce_id", "c-1"}, {"ce_type", create_type}, {"content-type", "application/json"}}};
    int accepted = 0;
    for (std::int32_t p = 0; p < partitions; ++p) {
        record.partition = Partition(p);
        const auto decoded = record.decode();
        if (p == codec::partition_of(id, partitions).value) {
            ASSERT_TRUE(decoded);
            EXPECT_EQ(decoded->aggregate_id, id);
            EXPECT_EQ(decoded->message->SerializeAsString(),
                      [&] { return new_order(id).SerializeAsString(); }());
            ++accepted;
        } else {
            ASSERT_FALSE(decoded);
            EXPECT_EQ(decoded.error().code, "misrouted");
            EXPECT_EQ(decoded.error().identified->aggregate_id, id);
        }
    }
    EXPECT_EQ(accepted, 1);
}

TEST(CommandRecord, without_a_command_id_gets_one_out_of_its_place) {
    for (const char* empty : {"", "none"}) {
        Record record = by_headers();
        record.headers.erase(record.headers.begin());
        if (*empty == '\0') record.headers.emplace_back("ce_id", "");
        const auto decoded = record.decode();
        ASSERT_TRUE(decoded);
        const std::string place = std::string(topic) + '/' +
                                  std::to_string(record.partition.value) + '/' +
                                  std::to_string(record.offset);
        EXPECT_EQ(decoded->command_id, Uuid::v5(domain_namespace("orders"), place).text());
        record.offset = 8;
        EXPECT_NE(record.decode()->command_id, decoded->command_id);
    }
    v1::Command command = envelope();
    command.clear_command_id();
    EXPECT_EQ(packed(command).decode()->command_id.size(), 36U);
}

TEST(CommandRecord, in_another_partition_than_its_keys_is_misrouted_with_its_ids) {
    Record record = by_headers({{"meta_a", "b"}});
    record.partition.value = (record.partition.value + 1) % partitions;
    const auto decoded = record.decode();
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, "misrouted");
    ASSERT_TRUE(decoded.error().identified);
    const DecodedCommand& command = *decoded.error().identified;
    EXPECT_EQ(command.command_id, "c-1");
    EXPECT_EQ(command.aggregate_id, "o-1");
    EXPECT_EQ(command.body_hash.size(), 16U);
    EXPECT_EQ(command.attributes.size(), 1U);
    ASSERT_NE(command.message, nullptr);
    EXPECT_EQ(decoded.error().violations[0].field, "orderId");
}

TEST(CommandRecord, that_fails_a_check_is_refused_with_its_ids) {
    orders::v1::CreateOrder command = new_order("o-1");
    command.mutable_items(0)->set_quantity(0);
    command.set_customer_email("nobody");
    Record record{"o-1", command.SerializeAsString(), {{"ce_id", "c-9"}, {"ce_type", create_type}}};
    EXPECT_EQ(refusal(record),
              (std::pair<std::string, Violations>{"invalid",
                                                  {{"customerEmail", "must be an e-mail address"},
                                                   {"items[0].quantity", "must be at least 1"}}}));
    const auto decoded = record.decode();
    ASSERT_TRUE(decoded.error().identified);
    EXPECT_EQ(decoded.error().identified->command_id, "c-9");
    EXPECT_EQ(decoded.error().identified->aggregate_id, "o-1");
}

TEST(CommandRecord, with_an_unknown_field_is_refused) {
    Record record = by_headers();
    record.value = complete("o-1") + "\x98\x06\x01";
    EXPECT_EQ(refusal(record), invalid("99", "is not a field of CompleteOrder"));
}

TEST(CommandRecord, in_protobuf_that_cannot_be_parsed_is_refused_with_the_path) {
    orders::v1::CreateOrder order = new_order("o-1");
    order.set_customer_name("XX");
    *order.add_items() = order.items(0);
    order.mutable_items(1)->set_name("XX");
    std::string bytes = order.SerializeAsString();
    for (std::size_t at = 0; (at = bytes.find("XX")) != std::string::npos;) {
        bytes.replace(at, 2, "\xc3(");
    }
    Record record{"o-1", bytes, {{"ce_type", create_type}}};
    const char* text = "is not valid UTF-8";
    EXPECT_EQ(refusal(record), (std::pair<std::string, Violations>{
                                   "invalid", {{"customerName", text}, {"items[1].name", text}}}));
    record.value = new_order("o-1").SerializeAsString() + "\x22\x02\x0a\x05";  // an item, cut
    EXPECT_EQ(refusal(record),
              invalid("items[1]", "is not a Protobuf message of the type OrderItem"));
}

TEST(CommandRecord, over_512_kib_is_too_large_and_one_of_just_that_is_not) {
    Record record = by_headers({{"content-type", "application/json"}});
    record.value = R"({"orderId":"o-1"})";
    record.value.resize(max_command_bytes, ' ');
    EXPECT_EQ(refusal(record).first, "");
    record.value += ' ';
    EXPECT_EQ(refusal(record).first, "too-large");
    EXPECT_FALSE(identified(record));
    record.headers.clear();
    EXPECT_EQ(refusal(record).first, "too-large");
}

TEST(CommandRecord, that_is_too_large_is_answered_all_the_same) {
    Record record = by_headers({{"reply_partition", "3"}, {"reply_instance", "me"}});
    record.value.resize(max_command_bytes + 1);
    const auto decoded = record.decode();
    ASSERT_FALSE(decoded);
    ASSERT_TRUE(decoded.error().reply);
    EXPECT_EQ(decoded.error().reply->instance(), "me");
    EXPECT_EQ(decoded.error().command_id, "c-1");
}

TEST(CommandRecord, of_an_unknown_type_is_refused) {
    const char* text = "is not a command of the domain orders";
    for (const char* type :
         {"CreateOrder", "foldstream.users.v1.CreateUser", "foldstream.orders.v1.OrderCreated",
          "foldstream.orders.v1.CreateOrder ", "\xFF", "foldstream.orders.v1.ShipOrder"}) {
        Record record = by_headers();
        record.headers[1].second = type;
        EXPECT_EQ(refusal(record), invalid("ce_type", text)) << type;
        EXPECT_FALSE(identified(record));
    }
    Record none = by_headers();
    none.headers.pop_back();
    EXPECT_EQ(refusal(none), invalid("ce_type", "is required"));
    none.headers = {{"anything", "else"}};
    EXPECT_EQ(refusal(none), invalid("ce_type", "is required"));
    v1::Command command = envelope();
    command.clear_type();
    EXPECT_EQ(refusal(packed(command)), invalid("ce_type", "is required"));
}

TEST(CommandRecord, that_does_not_decode_is_refused_without_ids) {
    const char* text = "is not a Protobuf message of the type CompleteOrder";
    for (const std::string& bytes :
         {complete("o-1").substr(0, 3), std::string("\x0a\x05o-1"), std::string("\xFF\xFF\xFF"),
          std::string("\x0b\x0b"), std::string(R"({"orderId":"o-1"})")}) {
        Record record = by_headers();
        record.value = bytes;
        EXPECT_EQ(refusal(record), invalid("", text)) << hex(bytes);
        EXPECT_FALSE(identified(record));
    }
    Record json = by_headers({{"content-type", "application/json"}});
    for (const auto& [value, violation] : std::vector<std::pair<std::string, Violation>>{
             {"", {"", "is not valid JSON"}},
             {complete("o-1"), {"", "is not valid JSON"}},
             {R"({"orderId":"o-1)", {"orderId", "is not valid JSON"}},
             {R"({"orderId":1})", {"orderId", "must be a text"}},
             {R"({"orderId":"o-1","orderId":"o-1"})", {"orderId", "is given twice"}},
             {R"({"orderId":"o-1","order_id":"o-1"})", {"orderId", "is given twice"}},
             {R"({"orderId":"\u0000"})", {"orderId", "must not contain U+0000"}},
             {"{\"orderId\":\"\xFF\"}", {"orderId", "is not valid UTF-8"}},
             {R"({"id":"o-1"})", {"id", "is not a field of CompleteOrder"}},
             {"[]", {"", "must be an object"}},
             {std::string(100'000, '['), {"", "must be an object"}},
             {"{\"x\":" + std::string(100'000, '['), {"", "is nested too deep"}}}) {
        json.value = value;
        const auto [code, violations] = refusal(json);
        EXPECT_EQ(code, "invalid");
        ASSERT_FALSE(violations.empty());
        EXPECT_EQ(violations.back(), violation) << value.substr(0, 80);
        EXPECT_FALSE(identified(json));
    }
}

TEST(CommandRecord, tells_its_content_by_its_type) {
    for (const char* type : {"", "application/protobuf", "application/x-protobuf",
                             "Application/Protobuf", "application/protobuf; v=1", ";"}) {
        EXPECT_EQ(refusal(by_headers({{"content-type", type}})).first, "") << type;
    }
    for (const char* type :
         {"application/json", "APPLICATION/JSON", "application/json ;charset=utf-8"}) {
        Record record = by_headers({{"content-type", type}});
        record.value = "{}";
        EXPECT_EQ(refusal(record).first, "") << type;
    }
    for (const char* type : {"text/plain", "application/cloudevents+json", "json"}) {
        const Record record = by_headers({{"content-type", type}});
        EXPECT_EQ(refusal(record),
                  invalid("content-type", "must be application/json or application/protobuf"))
            << type;
    }
}

TEST(CommandRecord, with_a_malformed_header_is_refused_naming_it_and_keeps_its_ids) {
    struct Case {
        const char* name;
        std::string value;
        const char* field;
        const char* message;
    };
    const char* number = "must be a number from 0";
    const char* instance = "must be 1 to 128 bytes of UTF-8 without U+0000";
    const std::vector<Case> cases = {
        {"expected_version", "", "expected_version", number},
        {"expected_version", "-1", "expected_version", number},
        {"expected_version", "+1", "expected_version", number},
        {"expected_version", " 1", "expected_version", number},
        {"expected_version", "1.0", "expected_version", number},
        {"expected_version", "18446744073709551616", "expected_version", number},
        {"expected_version", std::string("1\0", 2), "expected_version", number},
        {"dry_run", "", "dry_run", "must be true or false"},
        {"dry_run", "yes", "dry_run", "must be true or false"},
        {"deliver_at", "", "deliver_at", "scheduled commands are not available yet"},
        {"deliver_at", "2026-01-21T12:00:00Z", "deliver_at",
         "scheduled commands are not available yet"},
        {"meta_", "x", "meta_*", "must be UTF-8 without U+0000"},
        {"meta_a", "\xFF", "meta_*", "must be UTF-8 without U+0000"},
        {"meta_\xFF", "a", "meta_*", "must be UTF-8 without U+0000"},
        {"meta_a", std::string("\0", 1), "meta_*", "must be UTF-8 without U+0000"},
        {"meta_a", std::string(1024, 'x'), "meta_*", "must be at most 16 and 1024 bytes together"},
        {"reply_partition", "1", "reply_instance", "must be given beside its counterpart"},
        {"reply_instance", "x", "reply_partition", "must be given beside its counterpart"},
        {"ce_type", complete_type, "ce_type", "is given twice"},
    };
    for (const Case& c : cases) {
        const Record record = by_headers({{c.name, c.value}});
        EXPECT_EQ(refusal(record), invalid(c.field, c.message)) << c.name << ' ' << c.value;
        EXPECT_TRUE(identified(record)) << c.name;
        EXPECT_TRUE(record.decode().error().identified->attributes.empty());
    }
    EXPECT_EQ(refusal(by_headers({{"reply_partition", "x"}, {"reply_instance", "a"}})),
              invalid("reply_partition", number));
    EXPECT_EQ(refusal(by_headers({{"reply_partition", "1"}, {"reply_instance", ""}})),
              invalid("reply_instance", instance));
    EXPECT_EQ(
        refusal(by_headers({{"reply_partition", "1"}, {"reply_instance", std::string(129, 'a')}})),
        invalid("reply_instance", instance));
    EXPECT_EQ(refusal(by_headers({{"meta_a", "1"}, {"meta_a", "1"}})),
              invalid("meta_a", "is given twice"));
    // All of them at once.
    EXPECT_EQ(refusal(by_headers({{"dry_run", "x"}, {"expected_version", "x"}})).second.size(), 2U);
}

TEST(CommandRecord, whose_command_id_is_malformed_has_no_ids) {
    Record record = by_headers();
    record.headers[0].second = std::string(128, 'c');
    EXPECT_EQ(refusal(record).first, "");
    record.headers[0].second = "caf\xC3\xA9 / 7";
    EXPECT_EQ(refusal(record).first, "");
    for (const auto& [id, message] : std::vector<std::pair<std::string, const char*>>{
             {std::string(129, 'c'), "must have at most 128 bytes"},
             {"\xC3", "must be UTF-8 without U+0000"},
             {std::string("a\0b", 3), "must be UTF-8 without U+0000"}}) {
        record.headers[0].second = id;
        EXPECT_EQ(refusal(record), invalid("ce_id", message));
        EXPECT_FALSE(identified(record));
    }
    record = by_headers({{"ce_id", "c-2"}});
    EXPECT_EQ(refusal(record), invalid("ce_id", "is given twice"));
    EXPECT_FALSE(identified(record));
    v1::Command command = envelope();
    command.set_command_id(std::string(129, 'c'));
    EXPECT_EQ(refusal(packed(command)), invalid("ce_id", "must have at most 128 bytes"));
    EXPECT_FALSE(identified(packed(command)));
}

TEST(CommandRecord, bounds_the_attributes_that_it_carries) {
    Headers many;
    for (int i = 0; i < 16; ++i) many.emplace_back("meta_" + std::to_string(i), "v");
    EXPECT_EQ(by_headers(many).decode()->attributes.size(), 16U);
    many.emplace_back("meta_x", "v");
    EXPECT_EQ(refusal(by_headers(many)),
              invalid("meta_*", "must be at most 16 and 1024 bytes together"));
    EXPECT_EQ(by_headers({{"meta_a", std::string(1023, 'x')}}).decode()->attributes.size(), 1U);
    for (int i = 0; i < 10'000; ++i) many.emplace_back("meta_" + std::to_string(i), "\xFF");
    EXPECT_LE(refusal(by_headers(many)).second.size(), 20U);

    v1::Command command = envelope();
    for (int i = 0; i < 17; ++i) command.add_attributes()->set_name(std::to_string(i));
    EXPECT_EQ(refusal(packed(command)),
              invalid("meta_*", "must be at most 16 and 1024 bytes together"));
    EXPECT_TRUE(packed(command).decode().error().identified->attributes.empty());
}

TEST(CommandRecord, ignores_a_trace_context_that_is_malformed) {
    const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    std::vector<std::string> bad = {"", "x", good + "0", good.substr(1)};
    for (std::size_t i = 0; i < good.size(); ++i) {
        bad.push_back(good);
        bad.back()[i] = 'G';
    }
    bad.push_back("ff" + good.substr(2));
    bad.push_back("00-00000000000000000000000000000000-b7ad6b7169203331-01");
    bad.push_back("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01");
    bad.push_back("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01");
    for (const std::string& text : bad) {
        const auto decoded = by_headers({{"traceparent", text}}).decode();
        ASSERT_TRUE(decoded) << text;
        EXPECT_EQ(decoded->traceparent, "") << text;
    }
    EXPECT_EQ(by_headers({{"traceparent", good}}).decode()->traceparent, good);
}

TEST(CommandRecord, that_is_packed_badly_is_refused) {
    const char* text = "is neither a packed command nor has it headers";
    for (const std::string& bytes :
         {std::string("{}"), std::string("\xFF"), std::string("\x0a\x7F"),
          std::string(R"({"orderId":"o-1"})"), std::string("\x0a\x01\xFF", 3)}) {
        EXPECT_EQ(refusal({"o-1", bytes, {}}), invalid("", text)) << hex(bytes);
    }
    EXPECT_EQ(refusal({"o-1", "", {}}), invalid("ce_type", "is required"));

    v1::Command command = envelope();
    command.set_deliver_at_ms(1);
    EXPECT_EQ(refusal(packed(command)),
              invalid("deliver_at", "scheduled commands are not available yet"));
    command = envelope();
    command.set_content_type(static_cast<v1::ContentType>(7));
    EXPECT_EQ(refusal(packed(command)),
              invalid("command.contentType", "must be one of unspecified, protobuf, json"));
    command = envelope();
    command.set_command_id(std::string("a\0b", 3));
    EXPECT_EQ(refusal(packed(command)), invalid("ce_id", "must be UTF-8 without U+0000"));
    command = envelope();
    command.mutable_reply()->set_partition(-1);
    EXPECT_EQ(refusal(packed(command)), invalid("reply_partition", "must be a number from 0"));
    Record unknown = packed(envelope());
    unknown.value += "\x98\x06\x01";
    EXPECT_EQ(refusal(unknown), invalid("command.99", "is not a field of Command"));
    EXPECT_TRUE(identified(unknown));
}

TEST(CommandRecord, inside_a_packed_one_is_not_unpacked_again) {
    std::string value = complete("o-1");
    for (int i = 0; i < 100; ++i) {
        v1::Command command = envelope();
        command.set_value(value);
        value = command.SerializeAsString();
    }
    EXPECT_EQ(refusal({"o-1", value, {}}).first, "invalid");
}

}  // namespace
}  // namespace foldstream::fold
