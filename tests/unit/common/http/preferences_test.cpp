#include "common/http/preferences.hpp"

#include <gtest/gtest.h>

namespace foldstream::http {
namespace {

using std::chrono::seconds;

TEST(Preferences, are_read_from_a_list_whatever_their_case_and_blanks) {
    const Preferences all = read_preferences("Respond-Async ,wait = 7; x=y,\tDRY-RUN");
    EXPECT_TRUE(all.respond_async);
    EXPECT_TRUE(all.dry_run);
    EXPECT_EQ(all.wait, seconds(7));
}

TEST(Preferences, that_are_not_understood_are_ignored) {
    for (const char* prefer : {"", ",,", "wait", "wait=", "wait=soon", "wait=-1", "await=3"}) {
        const Preferences none = read_preferences(prefer);
        EXPECT_FALSE(none.respond_async || none.dry_run || none.wait) << prefer;
    }
}

TEST(Preferences, given_twice_count_as_they_came_first) {
    EXPECT_EQ(read_preferences("wait=3, wait=4").wait, seconds(3));
}

}  // namespace
}  // namespace foldstream::http
