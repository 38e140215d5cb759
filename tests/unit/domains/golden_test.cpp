#include "tests/unit/domains/golden.hpp"

#include <gtest/gtest.h>

namespace foldstream::testing {
namespace {

TEST(GoldenFile, that_equals_the_results_is_no_complaint) {
    EXPECT_FALSE(judge_golden("fold_version: 1\nrow\n", "fold_version", 1, "row\n").complaint);
}

TEST(GoldenFile, does_not_let_results_change_without_their_version) {
    const auto verdict = judge_golden("fold_version: 1\nrow\n", "fold_version", 1, "other\n");
    ASSERT_TRUE(verdict.complaint);
    EXPECT_NE(verdict.complaint->find("raise fold_version"), std::string::npos);
    EXPECT_FALSE(verdict.may_write);
}

TEST(GoldenFile, is_written_anew_when_the_version_was_raised) {
    const auto verdict = judge_golden("fold_version: 1\nrow\n", "fold_version", 2, "other\n");
    ASSERT_TRUE(verdict.complaint);
    EXPECT_TRUE(verdict.may_write);
    EXPECT_TRUE(judge_golden(std::nullopt, "fold_version", 1, "row\n").may_write);
}

TEST(GoldenFile, of_version_1_is_not_one_of_version_12) {
    EXPECT_TRUE(judge_golden("fold_version: 12\nrow\n", "fold_version", 1, "row\n").may_write);
}

}  // namespace
}  // namespace foldstream::testing
