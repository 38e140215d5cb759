#include "projector/holdings.hpp"

#include <gtest/gtest.h>

#include "foldstream/orders/v1/rows.pb.h"

namespace foldstream::projector {
namespace {

HeldRow row(std::uint64_t version, std::size_t bytes = 0) {
    auto message = std::make_unique<orders::v1::OrderRow>();
    message->set_customer_name(std::string(bytes, 'x'));
    HeldRow held;
    held.message = std::move(message);
    held.version = Version(version);
    return held;
}

class Holds : public ::testing::Test {
protected:
    static Holding& partition(Holdings& all, int number) {
        return all.of({"orders", Generation(1), Partition(number)});
    }
};

TEST_F(Holds, a_row_until_it_is_taken) {
    Holdings all({10, 1'000'000});
    Holding& first = partition(all, 1);
    first.put("a", row(1));
    EXPECT_GT(all.bytes(), 0U);
    EXPECT_FALSE(partition(all, 2).take("a"));
    const auto taken = first.take("a");
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->version, Version(1));
    EXPECT_FALSE(first.take("a"));
    EXPECT_EQ(all.rows(), 0U);
    EXPECT_EQ(all.bytes(), 0U);
}

TEST_F(Holds, the_newer_of_two_rows_of_one_key) {
    Holdings all({10, 1'000'000});
    Holding& holding = partition(all, 1);
    holding.put("a", row(1));
    holding.put("a", row(2));
    EXPECT_EQ(all.rows(), 1U);
    EXPECT_EQ(holding.take("a")->version, Version(2));
    EXPECT_EQ(all.bytes(), 0U);
}

TEST_F(Holds, the_rows_used_last_of_all_partitions_together) {
    Holdings all({3, 1'000'000});
    partition(all, 1).put("a", row(1));
    partition(all, 2).put("b", row(1));
    partition(all, 1).put("c", row(1));
    partition(all, 1).put("a", *partition(all, 1).take("a"));
    partition(all, 2).put("d", row(1));
    EXPECT_EQ(all.rows(), 3U);
    EXPECT_FALSE(partition(all, 2).take("b")) << "used longest ago";
    EXPECT_TRUE(partition(all, 1).take("a"));
    EXPECT_TRUE(partition(all, 1).take("c"));
    EXPECT_TRUE(partition(all, 2).take("d"));
}

TEST_F(Holds, no_more_bytes_than_it_may_whatever_the_rows) {
    Holdings all({1'000'000, 50'000});
    Holding& holding = partition(all, 1);
    for (std::size_t i = 0; i < 500; ++i) {
        holding.put("k" + std::to_string(i), row(1, i * 37 % 5'000));
        ASSERT_LE(all.bytes(), 50'000U);
    }
    EXPECT_GT(all.rows(), 3U);
    holding.put("huge", row(1, 60'000));
    EXPECT_FALSE(holding.take("huge"));
    EXPECT_EQ(all.rows(), 0U);
    EXPECT_EQ(all.bytes(), 0U);
}

TEST_F(Holds, rows_over_an_acquisition_only_when_nobody_came_between) {
    const fold::DigestVector digests;
    const auto keeps = [&](std::int64_t epoch, std::int64_t offset) {
        Holdings all({10, 1'000'000});
        Holding& holding = partition(all, 1);
        holding.taken(4, Offset(10), digests);
        holding.put("a", row(1));
        holding.moved(4, Offset(12), digests);
        holding.taken(epoch, Offset(offset), std::nullopt);
        EXPECT_TRUE(holding.stands_at(epoch, Offset(offset)));
        EXPECT_FALSE(holding.digests()) << "what the checkpoint says, always";
        return holding.take("a").has_value();
    };
    EXPECT_TRUE(keeps(5, 12));
    EXPECT_FALSE(keeps(6, 12)) << "somebody else had it";
    EXPECT_FALSE(keeps(5, 10)) << "the server lost a batch";
    EXPECT_FALSE(keeps(5, 13));
    EXPECT_FALSE(keeps(4, 12));
}

TEST_F(Holds, nothing_once_it_was_dropped_or_all_was_cleared) {
    Holdings all({10, 1'000'000});
    Holding& first = partition(all, 1);
    Holding& second = partition(all, 2);
    for (Holding* holding : {&first, &second}) {
        holding->taken(1, Offset(5), fold::DigestVector());
        holding->put("a", row(1));
    }
    first.drop();
    EXPECT_FALSE(first.stands_at(1, Offset(5)));
    EXPECT_FALSE(first.digests());
    EXPECT_FALSE(first.take("a"));
    EXPECT_TRUE(second.digests());
    all.clear();
    EXPECT_FALSE(second.stands_at(1, Offset(5)));
    EXPECT_FALSE(second.digests());
    EXPECT_EQ(all.rows(), 0U);
    EXPECT_EQ(all.bytes(), 0U);
}

}  // namespace
}  // namespace foldstream::projector
