#include "common/codec/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

#include "common/codec/check.hpp"

namespace foldstream::codec {
namespace {

std::string encoded(std::uint32_t point) {
    const auto byte = [](std::uint32_t b) { return static_cast<char>(b); };
    if (point < 0x80) return {byte(point)};
    if (point < 0x800) return {byte(0xC0 | point >> 6U), byte(0x80 | (point & 0x3FU))};
    if (point < 0x10000) {
        return {byte(0xE0 | point >> 12U), byte(0x80 | (point >> 6U & 0x3FU)),
                byte(0x80 | (point & 0x3FU))};
    }
    return {byte(0xF0 | point >> 18U), byte(0x80 | (point >> 12U & 0x3FU)),
            byte(0x80 | (point >> 6U & 0x3FU)), byte(0x80 | (point & 0x3FU))};
}

TEST(Utf8, is_every_code_point_but_the_surrogates) {
    for (std::uint32_t point = 0; point <= 0x1FFFFF; ++point) {
        const bool good = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
        const std::string text = encoded(point);
        ASSERT_EQ(utf8_length(text, 0), good ? text.size() : 0) << point;
    }
}

TEST(Utf8, is_looked_for_at_every_place) {
    for (std::size_t size = 1; size <= 40; ++size) {
        EXPECT_TRUE(is_utf8(std::string(size, 'a')));
        for (std::size_t i = 0; i < size; ++i) {
            std::string text(size, 'a');
            text[i] = '\xFF';
            ASSERT_FALSE(is_utf8(text)) << size << ' ' << i;
            text.replace(i, 1, "\xC3\xA9");
            ASSERT_TRUE(is_utf8(text)) << size << ' ' << i;
        }
    }
}

TEST(Utf8, is_not_what_is_overlong_cut_or_out_of_place) {
    for (const char* text : {"\x80",
                             "\xBF",
                             "\xC0\x80",
                             "\xC1\xBF",
                             "\xC2",
                             "\xC2\x41",
                             "\xE0\x80\x80",
                             "\xE0\x9F\xBF",
                             "\xE2\x82",
                             "\xE2\x28\xA1",
                             "\xE2\x82\x28",
                             "\xED\xA0\x80",
                             "\xF0\x80\x80\x80",
                             "\xF0\x8F\xBF\xBF",
                             "\xF0\x9F\x98",
                             "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80",
                             "\xFE",
                             "\xFF",
                             "ok\xFF",
                             "\xC3\xA9\xC3"}) {
        EXPECT_FALSE(is_utf8(text)) << text;
    }
    for (const char* text : {"", "plain", "caf\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80 ok"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
    EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace foldstream::codec
