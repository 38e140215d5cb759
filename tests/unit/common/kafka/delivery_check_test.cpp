#include <gtest/gtest.h>

#include "common/kafka/producer.hpp"

namespace foldstream::kafka {

TEST(DeliveryCheck, takes_rising_offsets_without_error_as_delivered) {
    DeliveryCheck check;
    EXPECT_TRUE(check.delivered(true, 0));
    EXPECT_TRUE(check.delivered(true, 1));
    EXPECT_TRUE(check.delivered(true, 7));
}

TEST(DeliveryCheck, does_not_believe_a_success_without_an_offset) {
    DeliveryCheck check;
    EXPECT_FALSE(check.delivered(true, -1001));
    EXPECT_FALSE(check.delivered(true, -1));
    EXPECT_TRUE(check.delivered(true, 0));
}

TEST(DeliveryCheck, does_not_believe_an_offset_beside_an_error) {
    DeliveryCheck check;
    EXPECT_FALSE(check.delivered(false, 5));
    EXPECT_TRUE(check.delivered(true, 5));
}

TEST(DeliveryCheck, does_not_believe_an_offset_that_does_not_rise) {
    DeliveryCheck check;
    EXPECT_TRUE(check.delivered(true, 10));
    EXPECT_FALSE(check.delivered(true, 10));
    EXPECT_FALSE(check.delivered(true, 9));
    EXPECT_TRUE(check.delivered(true, 11));
}

TEST(DeliveryCheck, begins_anew_with_a_new_session) {
    DeliveryCheck check;
    EXPECT_TRUE(check.delivered(true, 10));
    check.new_session();
    EXPECT_TRUE(check.delivered(true, 3));
}

}  // namespace foldstream::kafka
