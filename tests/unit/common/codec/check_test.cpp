#include "common/codec/check.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "foldstream/orders/v1/commands.pb.h"
#include "tests/unit/common/codec/test_types.hpp"

namespace foldstream::codec {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using testing::make;
using Violations = std::vector<Violation>;

// A Checked that has nothing wrong, with a part as good as it, and what the text adds.
std::unique_ptr<Message> good(std::string_view more = "") {
    static constexpr std::string_view one = "needed: 'n' tags: 'aa' kind: KIND_SMALL list: 0 ";
    return make("Checked", std::string(one) + std::string(more));
}

// The part of the part is missing at some depth: that one violation is everybody's.
Violations faults(std::string_view more) {
    Violations found = check(*good(std::string("part { needed: 'n' tags: 'aa' kind: KIND_SMALL "
                                               "list: 0 } ") +
                                   std::string(more)));
    std::erase(found, Violation{"part.part", "is required"});
    return found;
}

void expect_fault(std::string_view more, const char* field, const char* text) {
    EXPECT_EQ(faults(more), (Violations{{field, text}})) << more;
}

TEST(Check, finds_nothing_in_what_is_good) {
    EXPECT_EQ(faults(""), Violations{});
    EXPECT_EQ(faults("count: 5 size: 10 share: 1 currency: 'USD' email: 'a@b.de' id: 'x' raw: 'ab' "
                     "maybe: 1 maybe_id: 'y' at { seconds: 1 } scores { key: 'a' value: 9 }"),
              Violations{});
    EXPECT_EQ(faults("count: -5 tags: ['bb', 'cc']"), Violations{});
}

TEST(Check, names_every_required_field_that_is_missing) {
    EXPECT_EQ(check(*make("Checked")), (Violations{{"needed", "is required"},
                                                   {"part", "is required"},
                                                   {"tags", "must have at least 1 items"},
                                                   {"kind", "is required"},
                                                   {"list", "is required"}}));
}

TEST(Check, bounds_lengths_in_bytes) {
    EXPECT_EQ(check(*make("Free", "shortest: ''")),
              (Violations{{"shortest", "must have at least 1 bytes"}}));
    EXPECT_EQ(check(*make("Free", "shortest: 'a'")), Violations{});
    const auto message = good("part { needed: 'abcde' tags: 'aa' kind: KIND_SMALL list: 0 }");
    EXPECT_EQ(check(*message)[0], (Violation{"part.needed", "must have at most 4 bytes"}));
    // Two letters, five bytes.
    EXPECT_EQ(check(*make("Checked", "needed: '\xE2\x82\xAC\xC3\xA9'"))[0],
              (Violation{"needed", "must have at most 4 bytes"}));
    expect_fault("raw: 'abc'", "raw", "must have at most 2 bytes");
}

TEST(Check, bounds_numbers) {
    expect_fault("count: 6", "count", "must be at most 5");
    expect_fault("count: -6", "count", "must be at least -5");
    expect_fault("count: -9223372036854775808", "count", "must be at least -5");
    // No sign is lost on the way: the greatest unsigned number is not -1.
    expect_fault("size: 18446744073709551615", "size", "must be at most 10");
    EXPECT_EQ(faults("size: 0"), Violations{});
    expect_fault("share: 1.0000001", "share", "must be at most 1");
    expect_fault("share: -1e-300", "share", "must be at least 0");
    expect_fault("share: nan", "share", "must be at least 0");
    expect_fault("share: inf", "share", "must be at most 1");
}

TEST(Check, looks_at_a_zero_that_is_not_given_unless_the_field_knows_that) {
    orders::v1::OrderItem item;
    item.set_product_id("p");
    item.set_name("n");
    EXPECT_EQ(check(item), (Violations{{"quantity", "must be at least 1"}}));
    EXPECT_EQ(faults(""), Violations{});  // maybe, minimum 1, is not set
    expect_fault("maybe: 0", "maybe", "must be at least 1");
}

TEST(Check, bounds_lists_and_looks_at_each_element) {
    expect_fault("tags: ['aa', 'aa', 'aa']", "tags", "must have at most 3 items");
    expect_fault("tags: ['aa', 'b']", "tags[2]", "must have at least 2 bytes");
    EXPECT_EQ(check(*good())[0], (Violation{"part", "is required"}));
}

TEST(Check, looks_into_messages_at_any_depth) {
    EXPECT_EQ(faults("lines { price_minor: 1 } lines { price_minor: 1 parts {} } lines {}"),
              (Violations{{"lines[1].parts[0].priceMinor", "must be at least 1"},
                          {"lines[2].priceMinor", "must be at least 1"}}));
    expect_fault("lines { price_minor: 1 named { key: 'k' value {} } }",
                 "lines[0].named.k.priceMinor", "must be at least 1");
}

TEST(Check, holds_a_maps_values_to_its_constraints) {
    expect_fault("scores { key: 'a' value: 10 }", "scores.a", "must be at most 9");
    expect_fault("scores { key: 'a' } scores { key: 'b' } scores { key: 'c' }", "scores",
                 "must have at most 2 items");
}

TEST(Check, knows_an_email_address) {
    for (const char* text : {"a@b.de", "john.doe+tag@mail.example.com", "o'hara@example.org",
                             "j\xC3\xB6rg@m\xC3\xBCller.example", "x@1-2.io"}) {
        EXPECT_EQ(faults("email: \"" + std::string(text) + "\""), Violations{}) << text;
    }
    const std::string long_local = std::string(65, 'a') + "@b.de";
    std::string long_host = "a@";
    for (int i = 0; i < 90; ++i) long_host += "bc.";
    long_host += "de";
    for (const std::string& text : {std::string("a"),
                                    std::string("@"),
                                    std::string("@b.de"),
                                    std::string("a@"),
                                    std::string("a@b"),
                                    std::string("a@.de"),
                                    std::string("a@b..de"),
                                    std::string("a@b.de."),
                                    std::string("a@-b.de"),
                                    std::string("a@b-.de"),
                                    std::string(".a@b.de"),
                                    std::string("a.@b.de"),
                                    std::string("a..b@c.de"),
                                    std::string("a b@c.de"),
                                    std::string("a@b c.de"),
                                    std::string("a@b@c.de"),
                                    std::string("a,b@c.de"),
                                    std::string("<a@b.de>"),
                                    std::string("a@b.de\\n"),
                                    std::string("a@[1.2.3.4]"),
                                    std::string("a@b_c.de"),
                                    long_local,
                                    long_host}) {
        expect_fault("email: \"" + text + "\"", "email", "must be an e-mail address");
    }
}

TEST(Check, knows_a_currency_and_an_id) {
    for (const char* text : {"usd", "US", "USDT", "U1D", "US "}) {
        expect_fault("currency: '" + std::string(text) + "'", "currency",
                     "must be a currency of ISO 4217, as USD");
    }
    const char* id = "must be 1 to 128 letters (A-Z, a-z), digits or any of . _ : ~ -";
    expect_fault("id: 'a b'", "id", id);
    expect_fault("id: 'a/b'", "id", id);
    expect_fault("id: '" + std::string(129, 'a') + "'", "id", id);
    // Given, though empty, where the field knows the difference.
    expect_fault("maybe_id: ''", "maybeId", id);
}

TEST(Check, knows_which_bytes_an_id_may_have) {
    EXPECT_TRUE(is_id("a"));
    EXPECT_TRUE(is_id("AZaz09._:~-"));
    EXPECT_TRUE(is_id(std::string(128, 'x')));
    EXPECT_FALSE(is_id(""));
    EXPECT_FALSE(is_id(std::string(129, 'x')));
    int allowed = 0;
    for (int c = 0; c < 256; ++c) allowed += is_id(std::string(1, static_cast<char>(c))) ? 1 : 0;
    EXPECT_EQ(allowed, 26 + 26 + 10 + 5);
}

void set_text(Message& message, const char* field, const std::string& text) {
    const FieldDescriptor* found = message.GetDescriptor()->FindFieldByName(field);
    message.GetReflection()->SetString(&message, found, text);
}

TEST(Check, refuses_text_that_could_not_be_stored_at_any_depth) {
    const auto message = make("Free", "shortest: 'a' children { shortest: 'a' } ");
    set_text(*message, "text", std::string("a\0b", 3));
    Message* child = message->GetReflection()->MutableRepeatedMessage(
        message.get(), message->GetDescriptor()->FindFieldByName("children"), 0);
    set_text(*child, "text", "\xC3");
    EXPECT_EQ(check(*message), (Violations{{"text", "must not contain U+0000"},
                                           {"children[0].text", "is not valid UTF-8"}}));
    EXPECT_EQ(check(*make("Free", R"(shortest: 'a' words { key: "k" value: "\000" })")),
              (Violations{{"words.k", "must not contain U+0000"}}));
    EXPECT_EQ(check(*make("Free", R"(shortest: 'a' words { key: "\000" value: "" })")),
              (Violations{{"words", "a key must not contain U+0000"}}));
}

TEST(Check, refuses_enum_numbers_without_a_name) {
    EXPECT_EQ(check(*make("Free", "shortest: 'a' kind: 7")),
              (Violations{{"kind", "must be one of unspecified, small"}}));
}

TEST(Check, refuses_times_that_no_calendar_has) {
    const char* text = "must be a time of the years 0001 to 9999";
    expect_fault("at { seconds: 253402300800 }", "at", text);
    expect_fault("at { seconds: -62135596801 }", "at", text);
    expect_fault("at { nanos: -1 }", "at", text);
    expect_fault("at { nanos: 1000000000 }", "at", text);
    EXPECT_EQ(faults("at { seconds: 253402300799 nanos: 999999999 }"), Violations{});
}

TEST(Check, refuses_unknown_fields_at_any_depth) {
    // Field 99, varint 1; then in an item.
    orders::v1::CreateOrder command;
    ASSERT_TRUE(
        command.ParseFromString(std::string("\x12\x01n\x1a\x06"
                                            "a@b.de"
                                            "\x22\x0d\x12\x01p\x1a\x01n\x28\x01\x98\x06\x01"
                                            "\x20\x01\x98\x06\x01",
                                            29)));
    EXPECT_EQ(check(command), (Violations{{"99", "is not a field of CreateOrder"},
                                          {"items[0].99", "is not a field of OrderItem"}}));
}

TEST(Check, stops_at_twenty_violations) {
    std::string lines;
    for (int i = 0; i < 1000; ++i) lines += "lines {} ";
    EXPECT_EQ(faults(lines).size(), 19U);  // and part.part
    orders::v1::CreateOrder command;
    for (int i = 0; i < 1000; ++i) command.add_items();
    EXPECT_EQ(check(command).size(), 20U);
}

}  // namespace
}  // namespace foldstream::codec
