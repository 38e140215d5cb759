#include "common/core/time_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace foldstream {

namespace {

constexpr std::int64_t ms_a_day = 86'400'000;
constexpr std::int64_t least_ms = -62'135'596'800'000;     // 0001-01-01T00:00:00.000Z
constexpr std::int64_t greatest_ms = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

// Reads exactly `width` digits from the front and removes them.
std::optional<int> digits(std::string_view& text, std::size_t width) {
    if (text.size() < width) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, width)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(width);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::int64_t> parse_date(std::string_view& text) {
    const auto year = digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = digits(text, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (*year < 1 || !date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count() * ms_a_day;
}

std::optional<std::int64_t> parse_fraction(std::string_view& text) {
    if (!take(text, '.')) return 0;
    std::int64_t ms = 0;
    std::size_t seen = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9' && seen < 9) {
        if (seen < 3) ms = ms * 10 + (text.front() - '0');
        text.remove_prefix(1);
        ++seen;
    }
    if (seen == 0) return std::nullopt;
    for (; seen < 3; ++seen) ms *= 10;
    return ms;
}

std::optional<std::int64_t> parse_time(std::string_view& text) {
    const auto hour = digits(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = digits(text, 2);
    if (!minute || !take(text, ':')) return std::nullopt;
    const auto second = digits(text, 2);
    if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    const auto fraction = parse_fraction(text);
    if (!fraction) return std::nullopt;
    return ((*hour * 60LL + *minute) * 60 + *second) * 1000 + *fraction;
}

// The zone's distance from UTC in ms.
std::optional<std::int64_t> parse_zone(std::string_view& text) {
    if (take(text, 'Z') || take(text, 'z')) return 0;
    const bool west = take(text, '-');
    if (!west && !take(text, '+')) return std::nullopt;
    const auto hour = digits(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = digits(text, 2);
    if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
    const std::int64_t ms = (*hour * 60LL + *minute) * 60'000;
    return west ? -ms : ms;
}

}  // namespace

std::string rfc3339(std::int64_t ms) {
    using namespace std::chrono;
    const milliseconds since(std::clamp(ms, least_ms, greatest_ms));
    const auto days_since = floor<days>(since);
    const year_month_day date{sys_days(days_since)};
    const hh_mm_ss time{since - days_since};
    std::array<char, 40> out{};
    const int n = std::snprintf(
        out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
        static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
        static_cast<int>(time.subseconds().count()));
    return {out.data(), static_cast<std::size_t>(n)};
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
    const auto date = parse_date(text);
    if (!date) return std::nullopt;
    if (text.empty()) return date;
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    const auto time = parse_time(text);
    if (!time) return std::nullopt;
    const auto zone = parse_zone(text);
    if (!zone || !text.empty()) return std::nullopt;
    const std::int64_t ms = *date + *time - *zone;
    if (ms < least_ms || ms > greatest_ms) return std::nullopt;
    return ms;
}

}  // namespace foldstream
