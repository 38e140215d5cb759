#include "common/core/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace foldstream {
namespace {

Result<int, std::string> half(int number) {
    if (number % 2 != 0) return Failure<std::string>{"odd"};
    return number / 2;
}

TEST(Result, is_a_value_or_the_reason_why_there_is_none) {
    const auto good = half(8);
    ASSERT_TRUE(good.ok());
    EXPECT_EQ(*good, 4);
    const auto bad = half(7);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error(), "odd");
}

TEST(Result, tells_value_and_error_apart_when_they_are_of_one_type) {
    const Result<std::string, std::string> good = std::string("text");
    const Result<std::string, std::string> bad = Failure<std::string>{"text"};
    EXPECT_TRUE(good.ok());
    EXPECT_FALSE(bad.ok());
}

TEST(Result, lets_what_cannot_be_copied_be_moved_out) {
    Result<std::unique_ptr<int>, int> result = std::make_unique<int>(5);
    const std::unique_ptr<int> taken = std::move(result).value();
    EXPECT_EQ(*taken, 5);
    Result<std::string, int> text = std::string("abc");
    text->push_back('d');
    EXPECT_EQ(*text, "abcd");
}

#ifndef NDEBUG
TEST(ResultDeathTest, dies_of_reading_the_side_that_is_not_there) {
    const auto good = half(8);
    const auto bad = half(7);
    EXPECT_DEATH((void)bad.value(), "ok\\(\\)");
    EXPECT_DEATH((void)good.error(), "!ok\\(\\)");
}
#endif

}  // namespace
}  // namespace foldstream
