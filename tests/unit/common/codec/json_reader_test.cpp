#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/codec/check.hpp"
#include "common/codec/json.hpp"
#include "common/core/random.hpp"
#include "foldstream/orders/v1/commands.pb.h"
#include "tests/unit/common/codec/test_types.hpp"

namespace foldstream::codec {

namespace {

using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using testing::make;

using Violations = std::vector<Violation>;

// Reads into All and compares with a message of Protobuf's text format.
void expect_reads(std::string_view json, std::string_view text) {
    const auto read = make("All");
    EXPECT_EQ(parse_json(json, *read), Violations{}) << json;
    // Not by difference: NaN differs from NaN.
    EXPECT_EQ(read->DebugString(), make("All", text)->DebugString()) << json;
}

Violations faults(std::string_view json, const JsonLimits& limits = {}) {
    const auto message = make("All");
    return parse_json(json, *message, limits);
}

void expect_fault(std::string_view json, const char* field, const char* text) {
    EXPECT_EQ(faults(json), (Violations{{field, text}})) << json;
}

TEST(JsonReader, reads_what_the_writer_writes) {
    const auto message =
        make("All",
             R"(i32: -2147483648 i64: -9223372036854775808 u32: 4294967295 u64: 18446744073709551615
           s32: -1 f64: 9007199254740993 real: 0.1 wide: 5e-324 flag: true text: "q\"\\\n\303\266"
           raw: "\000\377" colour: COLOUR_DARK_BLUE verb: GET made_at { seconds: -1 nanos: 5000000 }
           child { child { text: "deep" } } maybe_number: 0 maybe_text: ""
           many_numbers: [1, 2] many_texts: ["", "b"] many_children { i32: 1 } many_children {}
           many_colours: [1, 0] many_times { seconds: 5 } many_flags: [true, false] many_raw: "x"
           many_wide: [inf, -inf, 1e300] by_text { key: "" value: 1 } by_text { key: "k" value: 2 }
           by_number { key: -7 value { text: "m" } } by_flag { key: true value: COLOUR_RED }
           choice_number: 0 renamed: 9)");
    const auto read = make("All");
    const std::string json = to_json(*message);
    EXPECT_EQ(parse_json(json, *read), Violations{}) << json;
    EXPECT_TRUE(MessageDifferencer::Equals(*read, *message)) << read->DebugString();
    EXPECT_EQ(to_json(*read), json);
}

TEST(JsonReader, forgets_what_the_message_held) {
    const auto message = make("All", "text: 'old' many_numbers: 1");
    EXPECT_EQ(parse_json("{}", *message), Violations{});
    EXPECT_EQ(message->ByteSizeLong(), 0U);
}

TEST(JsonReader, takes_what_protobufs_mapping_allows) {
    expect_reads(R"({"maybe_number": 3, "madeAt": "1970-01-01T00:00:01Z"})",
                 "maybe_number: 3 made_at { seconds: 1 }");
    expect_reads(R"({"i64": "-5", "u64": "18446744073709551615", "i32": "7"})",
                 "i64: -5 u64: 18446744073709551615 i32: 7");
    expect_reads(R"({"i32": 1.0, "i64": 1e3, "u32": 12.50e1, "u64": 0.0e-5, "s32": -0})",
                 "i32: 1 i64: 1000 u32: 125");
    expect_reads(R"({"wide": "1.5", "real": 2, "manyWide": ["NaN", "Infinity", "-Infinity", -0]})",
                 "wide: 1.5 real: 2 many_wide: [nan, inf, -inf, -0]");
    expect_reads(R"({"colour": "red", "manyColours": ["RED", "COLOUR_RED", 2, "dark-blue", 1.0]})",
                 "colour: 1 many_colours: [1, 1, 2, 2, 1]");
    expect_reads(R"({"raw": "-_8", "manyRaw": ["+/8=", "", "Zm8"]})",
                 R"(raw: "\373\377" many_raw: ["\373\377", "", "fo"])");
    expect_reads(R"({"@other": 4})", "renamed: 4");
    expect_reads(" {\n\t\"text\" : \"\\u00e9\\ud83d\\ude00\\/\" }\r\n ",
                 R"(text: "\303\251\360\237\230\200/")");
}

TEST(JsonReader, takes_null_for_not_set) {
    expect_reads(R"({"i32":null,"text":null,"child":null,"manyNumbers":null,"byText":null,
                     "colour":null,"madeAt":null,"maybeText":null,"raw":null})",
                 "");
    expect_reads(R"({"choiceText":null,"choiceNumber":5,"choiceChild":null})", "choice_number: 5");
    expect_fault(R"({"manyNumbers":[1,null]})", "manyNumbers[1]", "must not be null");
    expect_fault(R"({"byText":{"a":null}})", "byText.a", "must not be null");
}

TEST(JsonReader, keeps_integers_exact_to_their_ends) {
    expect_reads(R"({"i64":9007199254740993,"u64":18446744073709551615,"i32":-2147483648})",
                 "i64: 9007199254740993 u64: 18446744073709551615 i32: -2147483648");
    expect_reads(R"({"i64":-9223372036854775808,"u32":4294967295,"i32":2147483647})",
                 "i64: -9223372036854775808 u32: 4294967295 i32: 2147483647");
    expect_reads(R"({"i64":9223372036854775807,"u64":1844674407370955161.5e1})",
                 "i64: 9223372036854775807 u64: 18446744073709551615");
    // A thousand digits that are the number 7.
    expect_reads("{\"i32\":7." + std::string(1000, '0') + "}", "i32: 7");
    expect_reads("{\"i32\":\"7" + std::string(1000, '0') + "e-1000\"}", "i32: 7");
}

TEST(JsonReader, refuses_numbers_that_do_not_fit) {
    const char* range = "is out of range";
    const char* integer = "must be an integer";
    expect_fault(R"({"i32":2147483648})", "i32", range);
    expect_fault(R"({"i32":-2147483649})", "i32", range);
    expect_fault(R"({"u32":4294967296})", "u32", range);
    expect_fault(R"({"u32":-1})", "u32", range);
    expect_fault(R"({"u64":-1})", "u64", range);
    expect_fault(R"({"i64":9223372036854775808})", "i64", range);
    expect_fault(R"({"i64":-9223372036854775809})", "i64", range);
    expect_fault(R"({"u64":18446744073709551616})", "u64", range);
    expect_fault(R"({"u64":1e20})", "u64", range);
    expect_fault(R"({"u64":"1e999999999999999999999"})", "u64", range);
    expect_fault(R"({"u64":1e999999999999999999999})", "u64", range);
    expect_fault(R"({"i32":0.5})", "i32", integer);
    expect_fault(R"({"i32":"1e-400"})", "i32", integer);
    expect_fault(R"({"wide":1e309})", "wide", range);
    expect_fault(R"({"real":1e39})", "real", range);
    expect_fault("{\"u64\":" + std::string(100'000, '9') + "}", "u64", range);
    for (const char* text : {"", " 1", "1 ", "+1", "01", "1.", ".5", "0x1", "1e", "--1", "NaN"}) {
        expect_fault("{\"i32\":\"" + std::string(text) + "\"}", "i32", integer);
    }
    expect_fault(R"({"wide":"nan"})", "wide", "must be a number");
    expect_fault(R"({"wide":"1e"})", "wide", "must be a number");
}

TEST(JsonReader, refuses_wrong_types_with_their_paths) {
    expect_fault(R"({"text":1})", "text", "must be a text");
    expect_fault(R"({"text":true})", "text", "must be a text");
    expect_fault(R"({"text":{"a":[1]}})", "text", "must be a text");
    expect_fault(R"({"i32":true})", "i32", "must be an integer");
    expect_fault(R"({"i32":[1]})", "i32", "must be an integer");
    expect_fault(R"({"flag":"true"})", "flag", "must be true or false");
    expect_fault(R"({"flag":1})", "flag", "must be true or false");
    expect_fault(R"({"colour":"green"})", "colour", "must be one of unspecified, red, dark-blue");
    expect_fault(R"({"colour":3})", "colour", "must be one of unspecified, red, dark-blue");
    expect_fault(R"({"colour":1.5})", "colour", "must be one of unspecified, red, dark-blue");
    expect_fault(R"({"madeAt":"yesterday"})", "madeAt", "must be a time as in RFC 3339");
    expect_fault(R"({"madeAt":{"seconds":1}})", "madeAt", "must be a time as in RFC 3339");
    expect_fault(R"({"madeAt":5})", "madeAt", "must be a time as in RFC 3339");
    expect_fault(R"({"raw":"%"})", "raw", "must be base64 text");
    expect_fault(R"({"raw":"a"})", "raw", "must be base64 text");
    expect_fault(R"({"raw":"a==="})", "raw", "must be base64 text");
    expect_fault(R"({"child":[{}]})", "child", "must be an object");
    expect_fault(R"({"child":"x"})", "child", "must be an object");
    expect_fault(R"({"manyNumbers":1})", "manyNumbers", "must be a list");
    expect_fault(R"({"manyChildren":{}})", "manyChildren", "must be a list");
    expect_fault(R"({"manyNumbers":[[1]]})", "manyNumbers[0]", "must be an integer");
    expect_fault(R"({"byText":[]})", "byText", "must be an object");
    expect_fault(R"({"byText":"x"})", "byText", "must be an object");
    expect_fault(R"({"byNumber":{"x":{}}})", "byNumber.x", "its key must be an integer");
    expect_fault(R"({"byFlag":{"TRUE":1}})", "byFlag.TRUE", "its key must be true or false");
    expect_fault(R"({"manyChildren":[{},{"child":{"byNumber":{"5":{"manyNumbers":[0,"x"]}}}}]})",
                 "manyChildren[1].child.byNumber.5.manyNumbers[1]", "must be an integer");
}

TEST(JsonReader, refuses_fields_that_do_not_exist_wherever_they_are) {
    expect_fault(R"({"nope":{"a":[{"b":1}]},"i32":1})", "nope", "is not a field of All");
    expect_fault(R"({"manyChildren":[{},{"Text":1}]})", "manyChildren[1].Text",
                 "is not a field of All");
    expect_fault(R"({"":1})", "\"\"", "is not a field of All");
    // A name comes back bounded and harmless.
    expect_fault("{\"" + std::string(1000, 'n') + "\":1}", (std::string(64, 'n') + "...").c_str(),
                 "is not a field of All");
    expect_fault("{\"a\\u0000\\n\xFF\":1}", "a???", "is not a field of All");
}

TEST(JsonReader, refuses_what_is_given_twice) {
    expect_fault(R"({"text":"a","text":"a"})", "text", "is given twice");
    expect_fault(R"({"maybeText":null,"maybe_text":"a"})", "maybeText", "is given twice");
    expect_fault(R"({"child":{"i32":1,"child":{},"i32":2}})", "child.i32", "is given twice");
    expect_fault(R"({"byText":{"a":1,"a":1}})", "byText.a", "is given twice");
    expect_fault(R"({"byText":{"a":1,"\u0061":1}})", "byText.a", "is given twice");
    expect_fault(R"({"byNumber":{"1":{},"1.0":{}}})", "byNumber.1.0", "is given twice");
    expect_fault(R"({"choiceText":"a","choiceNumber":1})", "choiceNumber",
                 "must not be given beside another of choice");
    expect_fault(R"({"choiceText":"","choiceChild":{"i32":"x"}})", "choiceChild",
                 "must not be given beside another of choice");
    // Siblings do not see each other's fields.
    expect_reads(R"({"manyChildren":[{"i32":1},{"i32":2}],"i32":3,"child":{"i32":4}})",
                 "many_children { i32: 1 } many_children { i32: 2 } i32: 3 child { i32: 4 }");
}

TEST(JsonReader, refuses_text_that_could_not_be_stored) {
    expect_fault("{\"text\":\"a\xFF\"}", "text", "is not valid UTF-8");
    expect_fault("{\"manyTexts\":[\"ok\",\"\xED\xA0\x80\"]}", "manyTexts[1]", "is not valid UTF-8");
    expect_fault(R"({"text":"a\u0000b"})", "text", "must not contain U+0000");
    expect_fault(R"({"byText":{"\u0000":1}})", "byText.?", "its key must not contain U+0000");
    expect_fault("{\"byText\":{\"\xC3\":1}}", "byText.?", "its key is not valid UTF-8");
    expect_fault(R"({"text":"\ud800"})", "text", "is not valid JSON");
    expect_fault(R"({"text":"\udc00\ud800"})", "text", "is not valid JSON");
}

TEST(JsonReader, refuses_what_is_no_json_and_says_where) {
    const char* no = "is not valid JSON";
    for (const char* text : {"", " ", "{", "nul", "{\"text\"", "{\"i32\":1,}", "{'text':1}",
                             "{\"i32\":1 \"i64\":2}", "{/**/}", "\xEF\xBB\xBF{}", "}"}) {
        ASSERT_EQ(faults(text).size(), 1U) << text;
        EXPECT_EQ(faults(text)[0].message, no) << text;
    }
    expect_fault(R"({"child":{"manyNumbers":[1,2,]}})", "child.manyNumbers[2]", no);
    expect_fault(R"({"i32":01})", "", no);
    expect_fault(R"({"i32":+1})", "i32", no);
    expect_fault(R"({"wide":NaN})", "wide", no);
    expect_fault("{\"text\":\"a\nb\"}", "text", no);
    expect_fault(std::string_view("{\"i32\":1\0}", 10), "", no);
    expect_fault(R"({} {})", "", "is not valid JSON: there is more behind its end");
    expect_fault(R"({}])", "", "is not valid JSON: there is more behind its end");
}

TEST(JsonReader, refuses_a_root_that_is_no_object) {
    for (const char* text : {"null", "1", "true", "\"x\"", "[]", "[{}]"}) {
        expect_fault(text, "", "must be an object");
    }
}

TEST(JsonReader, refuses_every_cut_of_a_good_text) {
    const std::string good = to_json(*make(
        "All", "text: 'x' child { many_numbers: [1, 2] } by_text { key: 'a' value: 1 } wide: 1.5"));
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(faults(std::string_view(good).substr(0, size)).empty()) << size;
    }
}

TEST(JsonReader, tells_whether_the_message_has_all_that_could_be_read) {
    const auto message = make("All");
    EXPECT_TRUE(read_json("{}", *message).whole);
    const auto unknown = read_json(R"({"nothing":[{}],"none":"x"})", *message);
    EXPECT_TRUE(unknown.whole);
    EXPECT_EQ(unknown.violations.size(), 2U);
    const std::string deep = R"({"nothing":)" + std::string(40, '[') + std::string(40, ']') + "}";
    for (const std::string& text :
         {std::string("{"), std::string("[]"), std::string("{} x"), std::string(R"({"nothing":)"),
          std::string(R"({"nothing":1,})"), deep, std::string(512 * 1024 + 1, ' ')}) {
        EXPECT_FALSE(read_json(text, *message).whole) << text.substr(0, 40);
    }
}

TEST(JsonReader, reports_all_faults_at_once_up_to_twenty) {
    EXPECT_EQ(faults(R"({"i32":"x","nope":1,"child":{"flag":0,"text":"ok"},"u32":-1})"),
              (Violations{{"i32", "must be an integer"},
                          {"nope", "is not a field of All"},
                          {"child.flag", "must be true or false"},
                          {"u32", "is out of range"}}));
    // What comes before the end of valid JSON is reported beside it.
    EXPECT_EQ(faults(R"({"i32":"x",)"),
              (Violations{{"i32", "must be an integer"}, {"", "is not valid JSON"}}));
    std::string many = "{\"manyNumbers\":[";
    for (int i = 0; i < 100'000; ++i) many += "\"x\",";
    const Violations found = faults(many);
    ASSERT_EQ(found.size(), 20U);
    EXPECT_EQ(found.back(), (Violation{"manyNumbers[19]", "must be an integer"}));
}

std::string nested(std::size_t depth) {
    std::string json;
    for (std::size_t i = 1; i < depth; ++i) json += "{\"child\":";
    return json + "{}" + std::string(depth - 1, '}');
}

TEST(JsonReader, bounds_depth_and_size) {
    EXPECT_EQ(faults(nested(32)), Violations{});
    std::string path = "child";
    for (int i = 1; i < 32; ++i) path += ".child";
    EXPECT_EQ(faults(nested(33)), (Violations{{path, "is nested too deep"}}));
    EXPECT_EQ(faults(nested(3), {.max_depth = 2, .max_bytes = 100}),
              (Violations{{"child.child", "is nested too deep"}}));
    // Also inside what is skipped, and without ever coming to an end.
    EXPECT_EQ(faults("{\"nope\":" + std::string(200'000, '[')).back().message,
              "is nested too deep");
    EXPECT_EQ(faults("{\"child\":" + std::string(200'000, '[')).back().message,
              "is nested too deep");
    std::string endless;
    for (int i = 0; i < 20'000; ++i) endless += "{\"child\":";
    EXPECT_EQ(faults(endless), (Violations{{path, "is nested too deep"}}));

    EXPECT_EQ(faults("{}  ", {.max_depth = 2, .max_bytes = 4}), Violations{});
    EXPECT_EQ(faults("{}   ", {.max_depth = 2, .max_bytes = 4}),
              (Violations{{"", "is larger than 4 bytes"}}));
    EXPECT_EQ(faults(std::string(600'000, ' ')), (Violations{{"", "is larger than 524288 bytes"}}));
}

TEST(JsonReader, reads_long_texts_whole) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += i % 97 == 0 ? "\"\xE2\x82\xAC\n" : "abc";
    const auto message = make("Free");
    const auto* field = message->GetDescriptor()->FindFieldByName("text");
    message->GetReflection()->SetString(message.get(), field, text);
    const auto read = make("Free");
    EXPECT_EQ(parse_json(to_json(*message), *read), Violations{});
    EXPECT_EQ(read->GetReflection()->GetString(*read, field), text);
}

// Whatever comes, there is an answer; what is accepted can be written and read again, and its
// texts are fit to be stored.
void expect_an_answer(const std::string& json) {
    const auto message = make("All");
    const Violations found = parse_json(json, *message);
    ASSERT_LE(found.size(), 20U);
    for (const Violation& violation : found) {
        ASSERT_TRUE(is_utf8(violation.field)) << json;
        ASSERT_FALSE(violation.message.empty());
    }
    if (!found.empty()) return;
    const std::string written = to_json(*message);
    const auto again = make("All");
    ASSERT_EQ(parse_json(written, *again, {.max_depth = 64, .max_bytes = 1 << 24}), Violations{});
    ASSERT_EQ(to_json(*again), written);
}

TEST(JsonReader, answers_to_any_bytes) {
    SeededRandom random(2026);
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes(random.below(64), '\0');
        random.fill(std::as_writable_bytes(std::span(bytes)));
        expect_an_answer(bytes);
        expect_an_answer("{\"text\":\"" + bytes);
    }
}

TEST(JsonReader, answers_to_any_change_of_a_good_text) {
    const std::string good = to_json(*make(
        "All",
        R"(i64: -5 u64: 7 real: 0.5 flag: true text: "t\"x" raw: "raw" colour: 2 made_at {seconds: 1}
           child { many_numbers: [1, 2] } by_text { key: "a" value: 1 } by_number { key: 1 value {} }
           many_texts: "m" choice_text: "c")"));
    static constexpr std::string_view pieces[] = {"{",    "}",     "[",    "]",       ",",    ":",
                                                  "\"",   "\\",    "\\u0", "null",    "1e9",  "-",
                                                  "0.5",  "\xFF",  "true", "\"i32\"", "{}",   "[[",
                                                  "9999", "\\ud8", " ",    "\"a\":",  "1e-5", "e"};
    SeededRandom random(99);
    for (int i = 0; i < 20'000; ++i) {
        std::string changed = good;
        for (std::uint64_t n = random.below(3) + 1; n > 0; --n) {
            const std::size_t at = random.below(changed.size());
            const auto piece = pieces[random.below(std::size(pieces))];
            changed.replace(at, random.below(8), piece);
        }
        expect_an_answer(changed);
    }
}

TEST(JsonReader, reads_the_order_that_the_interface_promises_to_be_enough) {
    orders::v1::CreateOrder command;
    EXPECT_EQ(parse_json(R"({"customerName":"Ada","customerEmail":"ada@example.com","items":[
                {"productId":"p","name":"n","priceMinor":1050,"quantity":2}]})",
                         command),
              Violations{});
    EXPECT_EQ(command.items(0).price_minor(), 1050);
    orders::v1::UpdateOrderStatus status;
    EXPECT_EQ(parse_json(R"({"status":"paid"})", status), Violations{});
    EXPECT_EQ(status.status(), orders::v1::ORDER_STATUS_PAID);
    EXPECT_EQ(parse_json(R"({"items":[{},{},{"priceMinor":"x"}]})", command),
              (Violations{{"items[2].priceMinor", "must be an integer"}}));
}

}  // namespace
}  // namespace foldstream::codec
