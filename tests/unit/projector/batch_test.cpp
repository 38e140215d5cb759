#include "projector/batch.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "domains/registry.hpp"
#include "projector/rollup_deltas.hpp"
#include "tests/unit/projector/log_maker.hpp"

namespace foldstream::projector {
namespace {

using foldstream::testing::created;
using foldstream::testing::LogMaker;

TEST(Batch, groups_events_by_key_in_order_and_sorts_keys_by_bytes) {
    LogMaker log;
    orders::v1::PaymentConfirmed paid;
    replay::ValidEntries entries;
    entries.first = Sequence(10);
    *entries.body.add_entries() = log.accepted("b", 0, created("c"), paid);
    *entries.body.add_entries() = log.refusal();
    *entries.body.add_entries() = log.accepted("B", 0, created("c"));
    *entries.body.add_entries() = log.accepted("b", 2, orders::v1::OrderShipped());
    Batch batch;
    ASSERT_EQ(batch.add(*domains::registry().find("orders"), Partition(1), entries), std::nullopt);
    EXPECT_EQ(batch.events(), 4U);
    const auto& keys = batch.sorted();
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0].key, "B");
    EXPECT_EQ(keys[1].key, "b");
    ASSERT_EQ(keys[1].events.size(), 3U);
    EXPECT_EQ(keys[1].events[0].sequence, Sequence(10));
    EXPECT_EQ(keys[1].events[0].index, 0U);
    EXPECT_EQ(keys[1].events[1].index, 1U);
    EXPECT_EQ(keys[1].events[1].version, Version(2));
    EXPECT_EQ(keys[1].events[2].sequence, Sequence(13)) << "entries without events count";
}

TEST(Batch, refuses_events_of_nobody) {
    LogMaker log;
    replay::ValidEntries entries;
    entries.first = Sequence(1);
    *entries.body.add_entries() = log.accepted("", 0, created("c"));
    Batch batch;
    EXPECT_TRUE(batch.add(*domains::registry().find("orders"), Partition(1), entries));
    EXPECT_EQ(batch.events(), 0U);
}

TEST(Decimal, prints_what_no_64_bits_hold) {
    EXPECT_EQ(decimal(0), "0");
    EXPECT_EQ(decimal(-7), "-7");
    EXPECT_EQ(decimal(static_cast<__int128>(std::numeric_limits<std::int64_t>::max()) * 100),
              "922337203685477580700");
    const __int128 least = static_cast<__int128>(1) << 127;
    EXPECT_EQ(decimal(least), "-170141183460469231731687303715884105728");
}

}  // namespace
}  // namespace foldstream::projector
