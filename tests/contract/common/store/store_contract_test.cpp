// What every adapter of the store promises; each adapter is a parameter.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "common/store/store.hpp"

namespace foldstream::store {
namespace {

using Make = std::function<std::unique_ptr<Store>()>;

class StoreContract : public testing::TestWithParam<Make> {
protected:
    std::unique_ptr<Store> store_ = GetParam()();

    static WriteBatch batch(std::initializer_list<std::pair<std::string, std::string>> puts,
                            std::int64_t offset) {
        WriteBatch made;
        made.puts.assign(puts.begin(), puts.end());
        made.position.position.offset = Offset(offset);
        return made;
    }
};

TEST_P(StoreContract, begins_empty_at_the_logs_start) {
    const auto partition = store_->open("orders", Partition(0), 1);
    EXPECT_EQ(partition->position(), StoredPosition{});
    EXPECT_FALSE(partition->get("a/1"));
}

TEST_P(StoreContract, writes_a_batch_with_its_position) {
    const auto partition = store_->open("orders", Partition(0), 1);
    partition->apply(batch({{"a/1", "x"}, {"a/2", "y"}}, 7));
    EXPECT_EQ(partition->get("a/1"), "x");
    EXPECT_EQ(partition->position().position.offset, Offset(7));
}

TEST_P(StoreContract, lets_the_later_put_of_a_batch_win_and_erases_after_puts) {
    const auto partition = store_->open("orders", Partition(0), 1);
    WriteBatch made = batch({{"a", "1"}, {"a", "2"}, {"b", "1"}}, 1);
    made.erases.push_back("b");
    partition->apply(made);
    EXPECT_EQ(partition->get("a"), "2");
    EXPECT_FALSE(partition->get("b"));
}

TEST_P(StoreContract, scans_a_prefix_in_key_order) {
    const auto partition = store_->open("orders", Partition(0), 1);
    partition->apply(batch({{"s/2", "b"}, {"s/1", "a"}, {"t/1", "c"}, {"s", "d"}}, 1));
    const auto found = partition->scan("s/");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].first, "s/1");
    EXPECT_EQ(found[1].first, "s/2");
}

TEST_P(StoreContract, keeps_partitions_and_domains_apart) {
    store_->open("orders", Partition(0), 1)->apply(batch({{"k", "0"}}, 1));
    EXPECT_FALSE(store_->open("orders", Partition(1), 1)->get("k"));
    EXPECT_FALSE(store_->open("users", Partition(0), 1)->get("k"));
}

TEST_P(StoreContract, goes_on_where_it_was_when_a_partition_is_opened_again) {
    store_->open("orders", Partition(0), 1)->apply(batch({{"k", "0"}}, 5));
    const auto again = store_->open("orders", Partition(0), 1);
    EXPECT_EQ(again->get("k"), "0");
    EXPECT_EQ(again->position().position.offset, Offset(5));
}

TEST_P(StoreContract, is_empty_under_another_evolve_version) {
    store_->open("orders", Partition(0), 1)->apply(batch({{"k", "0"}}, 5));
    const auto other = store_->open("orders", Partition(0), 2);
    EXPECT_FALSE(other->get("k"));
    EXPECT_EQ(other->position(), StoredPosition{});
}

TEST_P(StoreContract, forgets_everything_when_wiped) {
    const auto partition = store_->open("orders", Partition(0), 1);
    partition->apply(batch({{"k", "0"}}, 5));
    partition->wipe();
    EXPECT_FALSE(partition->get("k"));
    EXPECT_EQ(partition->position(), StoredPosition{});
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, testing::Values(Make(make_memory_store)));

}  // namespace
}  // namespace foldstream::store
