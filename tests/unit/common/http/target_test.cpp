#include "common/http/target.hpp"

#include <gtest/gtest.h>

namespace foldstream::http {
namespace {

TEST(Target, is_split_before_it_is_decoded) {
    const auto target = parse_target("/a/b%2Fc/?x=1%202&y=a+b&z&=e");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/a/b/c/");
    EXPECT_EQ(target->segments, (std::vector<std::string>{"a", "b/c", ""}));
    using Query = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(target->query, (Query{{"x", "1 2"}, {"y", "a b"}, {"z", ""}, {"", "e"}}));
}

TEST(Target, in_absolute_form_loses_its_authority) {
    EXPECT_EQ(parse_target("HTTP://host:80/a?b=c")->path, "/a");
    EXPECT_EQ(parse_target("http://host")->path, "/");
}

TEST(Target, that_is_not_a_legal_url_is_refused) {
    for (const char* raw : {"", "*", "a", "ftp://x/", "/%", "/%4", "/%zz", "/a?b=%", "/%00", "/%ff",
                            "/a?%C0%80=1", "/a#b", "/\xC3\xA9", "/a b"}) {
        EXPECT_FALSE(parse_target(raw)) << raw;
    }
}

TEST(Target, may_carry_utf8_in_escapes_and_a_plus_in_the_path) {
    EXPECT_EQ(parse_target("/%C3%A9+")->segments[0], "\xC3\xA9+");
}

}  // namespace
}  // namespace foldstream::http
