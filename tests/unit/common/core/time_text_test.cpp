#include "common/core/time_text.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "common/core/random.hpp"

namespace foldstream {
namespace {

constexpr std::int64_t least = -62'135'596'800'000;
constexpr std::int64_t greatest = 253'402'300'799'999;

TEST(TimeText, is_utc_with_milliseconds) {
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(1'768'991'400'000), "2026-01-21T10:30:00.000Z");
    EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(rfc3339(951'782'400'005), "2000-02-29T00:00:00.005Z");
}

TEST(TimeText, clamps_to_four_digit_years) {
    EXPECT_EQ(rfc3339(least), "0001-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(greatest), "9999-12-31T23:59:59.999Z");
    EXPECT_EQ(rfc3339(std::numeric_limits<std::int64_t>::min()), rfc3339(least));
    EXPECT_EQ(rfc3339(std::numeric_limits<std::int64_t>::max()), rfc3339(greatest));
}

TEST(TimeText, comes_back_as_it_was_written) {
    SeededRandom random(7);
    for (int i = 0; i < 20'000; ++i) {
        const auto span = static_cast<std::uint64_t>(greatest - least) + 1;
        const std::int64_t ms = least + static_cast<std::int64_t>(random.below(span));
        ASSERT_EQ(parse_rfc3339(rfc3339(ms)), ms) << rfc3339(ms);
    }
    EXPECT_EQ(parse_rfc3339(rfc3339(least)), least);
    EXPECT_EQ(parse_rfc3339(rfc3339(greatest)), greatest);
}

TEST(TimeText, may_have_another_zone_or_precision) {
    const std::int64_t noon = 1'768'996'800'000;  // 2026-01-21T12:00:00Z
    EXPECT_EQ(parse_rfc3339("2026-01-21T12:00:00Z"), noon);
    EXPECT_EQ(parse_rfc3339("2026-01-21t12:00:00z"), noon);
    EXPECT_EQ(parse_rfc3339("2026-01-21 12:00:00Z"), noon);
    EXPECT_EQ(parse_rfc3339("2026-01-21T13:30:00+01:30"), noon);
    EXPECT_EQ(parse_rfc3339("2026-01-20T22:00:00-14:00"), noon);
    EXPECT_EQ(parse_rfc3339("2026-01-21T12:00:00.5Z"), noon + 500);
    EXPECT_EQ(parse_rfc3339("2026-01-21T12:00:00.007999999Z"), noon + 7);
    EXPECT_EQ(parse_rfc3339("2026-01-21"), noon - 12 * 3'600'000);
}

TEST(TimeText, that_is_no_time_is_refused) {
    for (const char* text : {"",
                             "T",
                             "2026",
                             "2026-1-21",
                             "26-01-21",
                             "2026-13-01",
                             "2026-00-10",
                             "2026-02-30",
                             "2025-02-29",
                             "1900-02-29",
                             "0000-01-01",
                             "2026-01-21T",
                             "2026-01-21T12",
                             "2026-01-21T12:00",
                             "2026-01-21T12:00Z",
                             "2026-01-21T12:00:00",
                             "2026-01-21T24:00:00Z",
                             "2026-01-21T12:60:00Z",
                             "2026-01-21T12:00:60Z",
                             "2026-01-21T12:00:00.Z",
                             "2026-01-21T12:00:00.1234567890Z",
                             "2026-01-21T12:00:00+0100",
                             "2026-01-21T12:00:00+24:00",
                             "2026-01-21T12:00:00+01:60",
                             "2026-01-21T12:00:00ZZ",
                             "2026-01-21T12:00:00Z ",
                             " 2026-01-21T12:00:00Z",
                             "+2026-01-21",
                             "-001-01-01",
                             "2026-01-21X12:00:00Z",
                             "0001-01-01T00:00:00+00:01",
                             "9999-12-31T23:59:59.999-00:01",
                             "now",
                             "1768996800"}) {
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_rfc3339(std::string_view("2026-01-21\0", 11)), std::nullopt);
}

TEST(TimeText, of_any_bytes_is_read_without_harm) {
    SeededRandom random(11);
    const std::string good = "2026-01-21T12:00:00.123+01:00";
    for (int i = 0; i < 20'000; ++i) {
        std::string text = good.substr(0, random.below(good.size() + 1));
        if (!text.empty()) text[random.below(text.size())] = static_cast<char>(random.below(256));
        const auto read = parse_rfc3339(text);
        if (read) {
            ASSERT_GE(*read, least) << text;
            ASSERT_LE(*read, greatest) << text;
        }
    }
}

}  // namespace
}  // namespace foldstream
