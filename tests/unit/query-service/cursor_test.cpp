#include "query-service/cursor.hpp"

#include <gtest/gtest.h>

namespace foldstream::query {
namespace {

const Cursor cursor{"2026-01-21 10:30:00.123+00", "order-1"};

TEST(Cursor, comes_back_as_it_was) {
    for (const Cursor& one : {cursor, Cursor{std::nullopt, "k"}, Cursor{"", ""},
                              Cursor{std::string("\0x\xFF", 3), "a:b"}}) {
        EXPECT_EQ(decode_cursor(encode_cursor(one, "list"), "list"), one);
    }
}

TEST(Cursor, of_another_list_is_none_here) {
    EXPECT_FALSE(decode_cursor(encode_cursor(cursor, "status=paid"), "status=pending"));
}

TEST(Cursor, with_any_character_changed_is_none) {
    const std::string text = encode_cursor(cursor, "list");
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (const char c : {'A', 'b', '-', '=', '%'}) {
            if (text[i] == c) continue;
            std::string changed = text;
            changed[i] = c;
            EXPECT_FALSE(decode_cursor(changed, "list")) << changed;
        }
    }
}

TEST(Cursor, cut_or_lengthened_is_none) {
    const std::string text = encode_cursor(cursor, "list");
    for (std::size_t n = 0; n < text.size(); ++n) {
        EXPECT_FALSE(decode_cursor(text.substr(0, n), "list"));
    }
    EXPECT_FALSE(decode_cursor(text + "A", "list"));
    EXPECT_FALSE(decode_cursor(std::string(max_cursor_bytes + 1, 'A'), "list"));
}

}  // namespace
}  // namespace foldstream::query
