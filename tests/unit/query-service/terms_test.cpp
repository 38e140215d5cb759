#include "query-service/terms.hpp"

#include <gtest/gtest.h>

namespace foldstream::query {
namespace {

Terms terms_of(std::map<std::string, std::string, std::less<>> headers) {
    http::Request request;
    request.headers = std::move(headers);
    auto terms = read_terms(request);
    EXPECT_TRUE(terms);
    return terms ? terms.value() : Terms{};
}

TEST(Terms, wait_as_long_as_preferred_within_bounds) {
    using std::chrono::seconds;
    EXPECT_EQ(terms_of({}).wait, default_wait);
    EXPECT_EQ(terms_of({{"prefer", "wait=0"}}).wait, seconds(0));
    EXPECT_EQ(terms_of({{"prefer", "respond-async, wait = 7; x=y"}}).wait, seconds(7));
    EXPECT_EQ(terms_of({{"prefer", "wait=4000000000"}}).wait, max_wait);
}

TEST(Terms, ignore_a_preference_that_they_do_not_understand) {
    for (const char* prefer : {"wait", "wait=", "wait=soon", "wait=-1", "await=3", ",,"}) {
        EXPECT_EQ(terms_of({{"prefer", prefer}}).wait, default_wait) << prefer;
    }
}

TEST(Terms, refuse_a_malformed_place) {
    http::Request request;
    request.headers = {{"foldstream-after", "orders:3"}};
    EXPECT_FALSE(read_terms(request));
}

TEST(Tags, are_compared_weakly) {
    EXPECT_TRUE(names_tag("W/\"1\"", "W/\"1\""));
    EXPECT_TRUE(names_tag("\"0\", \"1\"", "W/\"1\""));
    EXPECT_TRUE(names_tag("*", "W/\"1\""));
    EXPECT_FALSE(names_tag("W/\"10\"", "W/\"1\""));
    EXPECT_FALSE(names_tag("", "W/\"1\""));
}

}  // namespace
}  // namespace foldstream::query
