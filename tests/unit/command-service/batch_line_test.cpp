#include "command-service/batch_line.hpp"

#include <gtest/gtest.h>

namespace foldstream::command_service {
namespace {

using codec::Violation;
using Violations = std::vector<Violation>;

Violations wrong(std::string_view line) {
    auto read = read_batch_line(line);
    return read ? Violations{} : read.error();
}

TEST(BatchLine, is_a_command_with_its_body_as_it_stands) {
    const auto read = read_batch_line(
        R"( {"domain":"orders", "body" : {"a":[1,{"b":"}\"]"}], "body":2} , "command":"Ship",)"
        R"("commandId":"c-1","expectedVersion":3} )");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->domain, "orders");
    EXPECT_EQ(read->command, "Ship");
    EXPECT_EQ(read->command_id, "c-1");
    EXPECT_EQ(read->expected_version, 3U);
    EXPECT_EQ(read->body, R"({"a":[1,{"b":"}\"]"}], "body":2} )");
}

TEST(BatchLine, may_do_without_id_version_and_body) {
    const auto read = read_batch_line(R"({"domain":"orders","command":"Ship"})");
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->command_id);
    EXPECT_FALSE(read->expected_version);
    EXPECT_EQ(read->body, "");
    EXPECT_EQ(
        read_batch_line(R"({"domain":"o","command":"S","expectedVersion":0})")->expected_version,
        0U);
}

TEST(BatchLine, leaves_what_is_wrong_in_the_body_to_the_command) {
    for (const char* body : {"[}", "{\"a\":}", "7", "tru", "{\"a\":\"\xFF\"}"}) {
        const std::string line =
            std::string(R"({"domain":"o","body":)") + body + R"(,"command":"S"})";
        const auto read = read_batch_line(line);
        if (!read) continue;
        EXPECT_EQ(read->body, body);
    }
}

TEST(BatchLine, that_is_none_is_refused_with_all_that_is_wrong) {
    EXPECT_EQ(wrong("{}"), (Violations{{"domain", "is required"}, {"command", "is required"}}));
    EXPECT_EQ(wrong(R"({"domain":7,"command":"S","id":"x"})"),
              (Violations{{"domain", "must be a text"}, {"id", "is not a field of BatchLine"}}));
    EXPECT_EQ(wrong(R"({"domain":"o","command":"S","body":{},"body":{}})"),
              (Violations{{"body", "is given twice"}}));
    EXPECT_EQ(wrong(R"({"domain":"o","command":"S","expectedVersion":-1})").at(0).field,
              "expectedVersion");
    for (const char* line :
         {"", "x", "[]", "{", R"({"domain")", R"({"domain":)", R"({"body":{"a)", R"({"body":})",
          R"({"domain":"o","command":"S","body":})", R"({"domain":"o","command":"S","body":1]})",
          R"({"domain":"o","command":"S"} {})", R"({"domain":"o","command":"S","body":"\)"}) {
        EXPECT_FALSE(wrong(line).empty()) << line;
    }
}

TEST(Lines, are_cut_at_line_ends_and_empty_ones_left_out) {
    using Lines = std::vector<std::string_view>;
    EXPECT_EQ(lines_of(""), Lines{});
    EXPECT_EQ(lines_of("\n \r\n\t\n"), Lines{});
    EXPECT_EQ(lines_of("a\nb"), (Lines{"a", "b"}));
    EXPECT_EQ(lines_of("\na\r\n\nb\n"), (Lines{"a\r", "b"}));
}

}  // namespace
}  // namespace foldstream::command_service
