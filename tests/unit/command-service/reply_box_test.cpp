#include "command-service/reply_box.hpp"

#include <gtest/gtest.h>

#include "common/fold/command_limits.hpp"

namespace foldstream::command_service {
namespace {

TEST(ReplyBox, finds_its_own_tickets_in_one_partition) {
    const ReplyBox box("gateway-7", 4);
    const v1::ReplyAddress address = box.address(42);
    EXPECT_EQ(address.partition(), box.partition().value);
    EXPECT_GE(address.partition(), 0);
    EXPECT_LT(address.partition(), 4);
    EXPECT_EQ(box.ticket_of(address.instance()), 42U);
}

TEST(ReplyBox, ignores_what_is_somebody_elses) {
    const ReplyBox box("gateway-7", 4);
    for (const char* key : {"", "gateway-7", "gateway-7:", "gateway-7:x", "gateway-7:1x",
                            "gateway-77:1", "gateway-8:1", "gateway-7:-1", "gateway-7: 1",
                            "gateway-7:99999999999999999999999", "mine"}) {
        EXPECT_EQ(box.ticket_of(key), 0U) << key;
    }
    EXPECT_EQ(ReplyBox().ticket_of(":1"), 0U);
}

TEST(ReplyBox, has_addresses_that_an_owner_takes) {
    const ReplyBox box("gateway-" + std::string(36, 'f'), 4);
    EXPECT_LE(box.address(UINT64_MAX).instance().size(), fold::max_reply_instance);
}

}  // namespace
}  // namespace foldstream::command_service
