#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "common/runtime/json_text.hpp"
#include "common/runtime/log_format.hpp"

namespace foldstream::runtime {
namespace {

LogLine line_with(std::string_view msg, std::span<const Field> fields) {
    return {1'768'991'400'123, Level::warning, "projector", "batch", msg, fields};
}

TEST(Log, writes_one_json_object_with_time_level_logger_message_process_and_fields) {
    const std::array<Field, 5> fields{
        Field{"partition", 3}, Field{"offset", std::uint64_t{18'446'744'073'709'551'615U}},
        Field{"why", "lock"}, Field{"retry", true}, Field{"seconds", 0.5}};
    EXPECT_EQ(
        json_line(line_with("again", fields)),
        R"({"ts":"2026-01-21T10:30:00.123Z","level":"warning","logger":"batch","msg":"again",)"
        R"("process":"projector","partition":3,"offset":18446744073709551615,"why":"lock",)"
        R"("retry":true,"seconds":0.5})");
}

TEST(Log, keeps_a_message_with_newlines_on_one_line) {
    const std::string line = json_line(line_with("a\nb\r\"c\"\\\x01", {}));
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_NE(line.find(R"("msg":"a\nb\r\"c\"\\\u0001")"), std::string::npos) << line;
}

TEST(Log, has_no_number_that_json_does_not_know) {
    const std::array<Field, 1> fields{Field{"lag", std::numeric_limits<double>::infinity()}};
    EXPECT_NE(json_line(line_with("x", fields)).find(R"("lag":null)"), std::string::npos);
}

TEST(Log, cuts_a_field_that_is_too_long) {
    const std::array<Field, 1> fields{Field{"body", std::string(100'000, 'x')}};
    EXPECT_LT(json_line(line_with("x", fields)).size(), max_log_text + 300);
}

TEST(Log, shows_people_no_control_characters_of_others) {
    const std::array<Field, 1> fields{Field{"key", "\x1b[31m"}};
    const std::string line = terminal_line(line_with("red \x1b[31m", fields));
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_TRUE(line.starts_with("10:30:00.123 WARN  batch  red ")) << line;
}

TEST(JsonText, replaces_each_byte_that_is_not_utf8) {
    EXPECT_EQ(json_text("a\xC3\xA9\xF0\x9F\x98\x80"), "\"a\xC3\xA9\xF0\x9F\x98\x80\"");
    EXPECT_EQ(json_text("\xFF"), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(json_text("\xC3"), "\"\xEF\xBF\xBD\"");                  // cut off
    EXPECT_EQ(json_text("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // overlong
    EXPECT_EQ(json_text("\xED\xA0\x80").size(), 2 + 9U);               // a surrogate
    EXPECT_EQ(json_text("\xF4\x90\x80\x80").size(), 2 + 12U);          // beyond U+10FFFF
}

TEST(Level, is_found_by_its_name_only) {
    EXPECT_EQ(find_level("warning"), Level::warning);
    EXPECT_EQ(find_level("warn"), std::nullopt);
}

}  // namespace
}  // namespace foldstream::runtime
