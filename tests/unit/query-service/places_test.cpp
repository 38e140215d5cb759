#include "query-service/places.hpp"

#include <gtest/gtest.h>

namespace foldstream::query {
namespace {

TEST(Place, is_read_as_it_is_written) {
    const auto place = parse_place("orders:3:18446744073709551615");
    ASSERT_TRUE(place);
    EXPECT_EQ(*place, (Place{"orders", Partition(3), Sequence(18446744073709551615U)}));
    EXPECT_EQ(to_text(*place), "orders:3:18446744073709551615");
}

TEST(Place, is_nothing_else) {
    for (const char* text :
         {"", ":", "::", "orders", "orders:3", "orders:3:", "orders::4", ":3:4", "orders:-1:4",
          "orders:3:-4", "orders:3:4:0", "orders:2147483648:4", "orders:3:18446744073709551616",
          "orders:3:4x", "orders: 3:4", "Orders:3:4", "orders:+3:4", "o'--:3:4"}) {
        EXPECT_FALSE(parse_place(text)) << text;
    }
}

TEST(Places, are_separated_by_commas) {
    const auto places = parse_places("orders:0:1, orders:1:2,users:0:0");
    ASSERT_TRUE(places);
    EXPECT_EQ(places->size(), 3U);
    EXPECT_EQ((*places)[1], (Place{"orders", Partition(1), Sequence(2)}));
    EXPECT_FALSE(parse_places("orders:0:1,"));
    EXPECT_FALSE(parse_places("orders:0:1,x"));
}

TEST(Places, are_bounded) {
    std::string many = "orders:0:1";
    for (std::size_t i = 0; i < max_places; ++i) many += ",orders:0:1";
    EXPECT_FALSE(parse_places(many));
}

}  // namespace
}  // namespace foldstream::query
