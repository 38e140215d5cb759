#include "common/kafka/statistics.hpp"

#include <gtest/gtest.h>

#include <string>

namespace foldstream::kafka {
namespace {

// Cut down to what stands around the numbers.
const std::string told = R"({"name":"rdkafka#consumer-1","ts":5016483227792,"brokers":{},
    "topics":{"orders.events":{"topic":"orders.events","partitions":{
        "0":{"partition":0,"hi_offset":7,"ls_offset":7}}},
      "orders.commands":{"topic":"orders.commands","batchsize":{"min":0},"partitions":{
        "0":{"partition":0,"fetch_state":"active","lo_offset":-1001,"hi_offset":42,"ls_offset":40},
        "3":{"partition":3,"fetch_state":"none","hi_offset":-1001,"ls_offset":-1001},
        "5":{"partition":5,"fetch_state":"active","hi_offset":9,"ls_offset":9},
        "-1":{"partition":-1,"hi_offset":-1001,"ls_offset":-1001}}}}})";

TEST(Statistics, tell_the_watermarks_of_the_partitions_that_are_fetched) {
    const auto all = watermarks_in(told, "orders.commands");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all.at(Partition(0)).stable, Offset(40));
    EXPECT_EQ(all.at(Partition(0)).high, Offset(42));
    EXPECT_EQ(all.at(Partition(5)).stable, Offset(9));
}

TEST(Statistics, that_are_none_tell_nothing) {
    EXPECT_TRUE(watermarks_in(told, "users.commands").empty());
    for (const char* text : {"", "{", "[]", "7", R"({"topics":3})", R"({"topics":{"t":[]}})",
                             R"({"topics":{"t":{"partitions":[1]}}})",
                             R"({"topics":{"t":{"partitions":{"0":"x","1":{"partition":1}}}}})"}) {
        EXPECT_TRUE(watermarks_in(text, "t").empty()) << text;
    }
}

TEST(Statistics, tell_whether_any_broker_is_connected) {
    const auto told_of = [](const char* first, const char* second) {
        return std::string(R"({"brokers":{"a:1/1":{"state":")") + first +
               R"("},"b:1/bootstrap":{"state":")" + second + R"("}}})";
    };
    EXPECT_TRUE(any_broker_up(told_of("UP", "DOWN")));
    EXPECT_TRUE(any_broker_up(told_of("INIT", "UPDATE")));
    EXPECT_FALSE(any_broker_up(told_of("DOWN", "TRY_CONNECT")));
    EXPECT_FALSE(any_broker_up(R"({"brokers":{}})"));
    EXPECT_FALSE(any_broker_up(R"({"brokers":{"a":7,"b":{"state":1}}})"));
    for (const char* none : {"", "{", "[]", "{}", R"({"brokers":1})"}) {
        EXPECT_TRUE(any_broker_up(none)) << none;
    }
}

}  // namespace
}  // namespace foldstream::kafka
