#include "cli/operator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace foldstream::cli {

namespace {

using ::testing::HasSubstr;

struct Asked {
    bool answer = false;
    std::string said;
};

Asked ask(const std::string& typed, bool yes = false) {
    std::istringstream in(typed);
    std::ostringstream out;
    std::ostringstream err;
    const Console console{in, out, err, true};
    Asked asked;
    asked.answer = confirmed(console, yes, "Shall it go?");
    asked.said = out.str() + err.str();
    return asked;
}

}  // namespace

TEST(Operator, only_yes_is_a_yes) {
    EXPECT_TRUE(ask("yes\n").answer);
    for (const char* no : {"", "\n", "y\n", "no\n", "YES\n", " yes\n"}) {
        const Asked asked = ask(no);
        EXPECT_FALSE(asked.answer) << no;
        EXPECT_THAT(asked.said, HasSubstr("Shall it go?"));
        EXPECT_THAT(asked.said, HasSubstr("nothing was done"));
    }
}

TEST(Operator, is_not_asked_twice) {
    const Asked asked = ask("", true);
    EXPECT_TRUE(asked.answer);
    EXPECT_EQ(asked.said, "");
}

TEST(Operator, who_is_not_there_has_said_nothing) {
    std::istringstream in("yes\n");
    std::ostringstream out;
    const Console console{in, out, out};
    EXPECT_THROW(confirmed(console, false, "Shall it go?"), UsageError);
    EXPECT_TRUE(confirmed(console, true, "Shall it go?"));
}

TEST(Operator, has_a_name) { EXPECT_FALSE(operator_name().empty()); }

}  // namespace foldstream::cli
