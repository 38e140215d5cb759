#include "cli/progress.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace foldstream::cli {

TEST(Progress, says_how_much_of_what_there_is) {
    EXPECT_EQ(progress_line("reading x", 12, std::nullopt), "reading x: 12 records");
    EXPECT_EQ(progress_line("reading x", 12, 48), "reading x: 12 of 48 records (25 %)");
    EXPECT_EQ(progress_line("reading x", 50, 48), "reading x: 50 of 48 records (100 %)");
    EXPECT_EQ(progress_line("reading x", 0, 0), "reading x: 0 records");
}

TEST(Progress, writes_nothing_where_nobody_looks) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    const Console console{in, out, err};
    {
        Progress progress(console, "reading x");
        for (int i = 0; i < 1'000; ++i) progress.at(i);
    }
    EXPECT_EQ(out.str() + err.str(), "");
}

}  // namespace foldstream::cli
