#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>
#include <vector>

#include "common/codec/json.hpp"
#include "foldstream/orders/v1/rows.pb.h"
#include "foldstream/v1/outcome.pb.h"
#include "tests/unit/common/codec/test_types.hpp"

namespace foldstream::codec {
namespace {

using testing::make;

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(text, out);
    return out;
}

// The members of All that a test does not speak of are cut off behind these.
std::string json_of(std::string_view text) { return to_json(*make("All", text)); }

bool has(const std::string& json, std::string_view part) {
    return json.find(part) != std::string::npos;
}

TEST(JsonWriter, gives_a_row_as_the_interface_says) {
    orders::v1::OrderRow row;
    row.set_order_id("o-1");
    row.set_customer_name("J\xC3\xB6rg \"J\" \\ Meier\n");
    row.set_status(orders::v1::ORDER_STATUS_PENDING);
    row.set_total_minor(9'007'199'254'740'993);
    auto* item = row.add_items();
    item->set_name("tea");
    item->set_quantity(2);
    row.mutable_created_at()->set_seconds(1'768'991'400);
    row.mutable_created_at()->set_nanos(7'999'999);
    EXPECT_EQ(to_json(row),
              R"({"orderId":"o-1","customerId":"","customerName":"J)"
              "\xC3\xB6"
              R"(rg \"J\" \\ Meier\n","customerEmail":"","status":"pending","currency":"",)"
              R"("totalMinor":9007199254740993,"itemCount":0,"items":[{"itemId":"","productId":"",)"
              R"("name":"tea","priceMinor":0,"quantity":2}],"shippingAddress":"","paymentId":"",)"
              R"("trackingNumber":"","cancelReason":"","version":0,)"
              R"("createdAt":"2026-01-21T10:30:00.007Z","updatedAt":null})");
}

TEST(JsonWriter, writes_what_is_not_set_as_null_and_scalars_always) {
    EXPECT_EQ(json_of(""),
              R"({"i32":0,"i64":0,"u32":0,"u64":0,"s32":0,"f64":0,"real":0,"wide":0,"flag":false,)"
              R"("text":"","raw":"","colour":"unspecified","verb":"none","madeAt":null,)"
              R"("child":null,"maybeNumber":null,"maybeText":null,"manyNumbers":[],"manyTexts":[],)"
              R"("manyChildren":[],"manyColours":[],"manyTimes":[],"manyFlags":[],"manyRaw":[],)"
              R"("manyWide":[],"byText":{},"byNumber":{},"byFlag":{},"choiceText":null,)"
              R"("choiceNumber":null,"choiceChild":null,"@other":0})");
    EXPECT_TRUE(has(json_of("maybe_number: 0 choice_text: ''"), R"("maybeNumber":0)"));
    EXPECT_TRUE(has(json_of("maybe_number: 0 choice_text: ''"), R"("choiceText":"")"));
}

TEST(JsonWriter, writes_integers_of_all_sizes_as_numbers) {
    const std::string json = json_of(
        "i32: -2147483648 i64: -9223372036854775808 u32: 4294967295 u64: 18446744073709551615 "
        "f64: 18446744073709551615 many_numbers: [1, -9223372036854775808]");
    EXPECT_TRUE(has(json, R"("i32":-2147483648,"i64":-9223372036854775808,"u32":4294967295,)"
                          R"("u64":18446744073709551615)"));
    EXPECT_TRUE(has(json, R"("f64":18446744073709551615)"));
    EXPECT_TRUE(has(json, R"("manyNumbers":[1,-9223372036854775808])"));
}

TEST(JsonWriter, writes_floating_numbers_so_that_they_come_back) {
    EXPECT_TRUE(has(json_of("wide: 0.1 real: 0.1"), R"("real":0.1,"wide":0.1,)"));
    EXPECT_TRUE(has(json_of("many_wide: [1e300, 5e-324, -0.0]"), "[1e+300,5e-324,-0]"));
    EXPECT_TRUE(has(json_of("many_wide: [nan, inf, -inf]"), R"(["NaN","Infinity","-Infinity"])"));
}

TEST(JsonWriter, writes_enums_in_lower_case_and_unknown_ones_as_numbers) {
    const std::string json = json_of("colour: COLOUR_DARK_BLUE verb: GET many_colours: [1, 77]");
    EXPECT_TRUE(has(json, R"("colour":"dark-blue","verb":"get")"));
    EXPECT_TRUE(has(json, R"("manyColours":["red",77])"));
}

TEST(JsonWriter, writes_bytes_in_base64) {
    EXPECT_TRUE(has(json_of(R"(many_raw: ["", "f", "fo", "foo", "\xff\xfe\xfd\xfc"])"),
                    R"(["","Zg==","Zm8=","Zm9v","//79/A=="])"));
}

TEST(JsonWriter, writes_maps_as_objects_sorted_by_key) {
    const std::string json = json_of(
        "by_text { key: 'b' value: 2 } by_text { key: 'a\"' value: 1 } by_text { key: '' value: 3 }"
        "by_flag { key: true value: COLOUR_RED } by_flag { key: false value: COLOUR_DARK_BLUE }"
        "by_number { key: -4 value { text: 'x' } }");
    EXPECT_TRUE(has(json, R"("byText":{"":3,"a\"":1,"b":2})"));
    EXPECT_TRUE(has(json, R"("byFlag":{"false":"dark-blue","true":"red"})"));
    EXPECT_TRUE(has(json, R"("byNumber":{"-4":{"i32":0,)"));
}

TEST(JsonWriter, writes_times_also_those_that_no_calendar_has) {
    google::protobuf::Timestamp time;
    time.set_seconds(-1);
    time.set_nanos(999'000'000);
    EXPECT_EQ(to_json(time), R"("1969-12-31T23:59:59.999Z")");
    time.set_seconds(std::numeric_limits<std::int64_t>::max());
    time.set_nanos(std::numeric_limits<std::int32_t>::max());
    EXPECT_EQ(to_json(time), R"("9999-12-31T23:59:59.999Z")");
    time.set_seconds(std::numeric_limits<std::int64_t>::min());
    time.set_nanos(std::numeric_limits<std::int32_t>::min());
    EXPECT_EQ(to_json(time), R"("0001-01-01T00:00:00.000Z")");
}

TEST(JsonWriter, escapes_what_a_literal_must_not_hold) {
    EXPECT_EQ(quoted(""), R"("")");
    EXPECT_EQ(quoted("\"\\/"), R"("\"\\/")");
    EXPECT_EQ(quoted(std::string_view("\b\f\n\r\t\0\x01\x1f\x7f", 9)),
              "\"\\b\\f\\n\\r\\t\\u0000\\u0001\\u001f\x7f\"");
    EXPECT_EQ(quoted("\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

TEST(JsonWriter, puts_a_replacement_where_utf8_is_broken) {
    EXPECT_EQ(quoted("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(quoted("\xC3"), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    EXPECT_EQ(quoted("\xE2\x82\""), "\"\xEF\xBF\xBD\xEF\xBF\xBD\\\"\"");
}

TEST(JsonWriter, appends_and_leaves_what_is_there) {
    std::string out = "data: ";
    append_json(orders::v1::CustomerRow(), out);
    EXPECT_TRUE(out.starts_with(R"(data: {"customerId":"")"));
}

TEST(JsonWriter, works_from_many_threads_at_once) {
    const auto message = make("All", "child { text: 'a' } by_number { key: 1 value {} }");
    const std::string wanted = to_json(*message);
    std::vector<std::thread> threads;
    std::vector<int> wrong(4, 0);
    for (std::size_t t = 0; t < wrong.size(); ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 200; ++i) {
                // Types whose plans nobody has made yet are made under way.
                (void)to_json(v1::CommandOutcome());
                (void)to_json(*make("Checked"));
                if (to_json(*message) != wanted) ++wrong[t];
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(EnumText, has_the_prefix_taken_off_only_where_it_is_one) {
    const auto* verb = make("All")->GetDescriptor()->FindFieldByName("verb")->enum_type();
    EXPECT_EQ(enum_text(*verb->FindValueByNumber(0)), "none");
    EXPECT_EQ(enum_text(*verb->FindValueByNumber(1)), "get");
    EXPECT_EQ(enum_text(*verb->FindValueByNumber(5)), "post");
    EXPECT_EQ(enum_text(*v1::Outcome_descriptor()->FindValueByNumber(v1::OUTCOME_DRY_RUN)),
              "dry-run");
}

TEST(EnumText, of_several_words_is_found_by_its_three_forms) {
    for (const char* text : {"dry-run", "DRY_RUN", "OUTCOME_DRY_RUN"}) {
        const auto* found = find_enum(*v1::Outcome_descriptor(), text);
        ASSERT_NE(found, nullptr) << text;
        EXPECT_EQ(found->number(), v1::OUTCOME_DRY_RUN);
    }
}

TEST(EnumText, is_found_by_its_three_forms_and_no_others) {
    const auto& type = *orders::v1::OrderStatus_descriptor();
    for (const char* text : {"pending", "PENDING", "ORDER_STATUS_PENDING"}) {
        const auto* found = find_enum(type, text);
        ASSERT_NE(found, nullptr) << text;
        EXPECT_EQ(found->number(), orders::v1::ORDER_STATUS_PENDING);
    }
    for (const char* text :
         {"", "Pending", "order_status_pending", "pending ", "1", "STATUS_PENDING", "open"}) {
        EXPECT_EQ(find_enum(type, text), nullptr) << text;
    }
}

}  // namespace
}  // namespace foldstream::codec
