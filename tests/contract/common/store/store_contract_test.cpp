// What every adapter of the store promises; each adapter is a parameter.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/store/rocksdb_store.hpp"
#include "common/store/store.hpp"
#include "tests/contract/common/store/temporary_folder.hpp"

namespace foldstream::store {
namespace {

// One adapter's store, and what it needs.
class Bench {
public:
    virtual ~Bench() = default;
    virtual Store& store() = 0;
};

using Make = std::function<std::unique_ptr<Bench>()>;

class MemoryBench final : public Bench {
public:
    Store& store() override { return *store_; }

private:
    std::unique_ptr<Store> store_ = make_memory_store();
};

class RocksdbBench final : public Bench {
public:
    Store& store() override { return *store_; }

private:
    TemporaryFolder folder_;
    std::unique_ptr<Store> store_ = open_rocksdb_store({.folder = folder_.path()});
};

class StoreContract : public testing::TestWithParam<Make> {
protected:
    std::unique_ptr<Bench> bench_ = GetParam()();
    Store* store_ = &bench_->store();

    static WriteBatch batch(std::initializer_list<KeyValue> puts,
                            std::optional<std::int64_t> offset = std::nullopt) {
        WriteBatch made;
        made.puts.assign(puts.begin(), puts.end());
        if (offset) made.position.emplace().position.offset = Offset(*offset);
        return made;
    }
    static std::vector<std::string> keys(const std::vector<KeyValue>& found) {
        std::vector<std::string> out;
        for (const auto& [key, value] : found) out.push_back(key);
        return out;
    }
    std::unique_ptr<PartitionStore> open(std::int32_t partition = 0) {
        return store_->open("orders", Partition(partition), 1);
    }
};

TEST_P(StoreContract, begins_empty_at_the_logs_start) {
    const auto partition = open();
    EXPECT_EQ(partition->position(), StoredPosition{});
    EXPECT_FALSE(partition->get("a/1"));
}

TEST_P(StoreContract, writes_a_batch_with_its_position) {
    const auto partition = open();
    partition->apply(batch({{"a/1", "x"}, {"a/2", "y"}}, 7));
    EXPECT_EQ(partition->get("a/1"), "x");
    EXPECT_EQ(partition->position().position.offset, Offset(7));
}

TEST_P(StoreContract, lets_the_later_put_of_a_batch_win_and_erases_after_puts) {
    const auto partition = open();
    WriteBatch made = batch({{"a", "1"}, {"a", "2"}, {"b", "1"}}, 1);
    made.erases.push_back("b");
    partition->apply(made);
    EXPECT_EQ(partition->get("a"), "2");
    EXPECT_FALSE(partition->get("b"));
}

TEST_P(StoreContract, scans_a_prefix_in_key_order) {
    const auto partition = open();
    partition->apply(batch({{"s/2", "b"}, {"s/1", "a"}, {"t/1", "c"}, {"s", "d"}}, 1));
    const auto found = partition->scan("s/");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].first, "s/1");
    EXPECT_EQ(found[1].first, "s/2");
}

TEST_P(StoreContract, keeps_partitions_and_domains_apart) {
    open()->apply(batch({{"k", "0"}}, 1));
    EXPECT_FALSE(store_->open("orders", Partition(1), 1)->get("k"));
    EXPECT_FALSE(store_->open("users", Partition(0), 1)->get("k"));
}

TEST_P(StoreContract, goes_on_where_it_was_when_a_partition_is_opened_again) {
    open()->apply(batch({{"k", "0"}}, 5));
    const auto again = open();
    EXPECT_EQ(again->get("k"), "0");
    EXPECT_EQ(again->position().position.offset, Offset(5));
}

TEST_P(StoreContract, is_empty_under_another_evolve_version) {
    open()->apply(batch({{"k", "0"}}, 5));
    const auto other = store_->open("orders", Partition(0), 2);
    EXPECT_FALSE(other->get("k"));
    EXPECT_EQ(other->position(), StoredPosition{});
}

TEST_P(StoreContract, forgets_everything_when_wiped) {
    const auto partition = open();
    partition->apply(batch({{"k", "0"}}, 5));
    partition->wipe();
    EXPECT_FALSE(partition->get("k"));
    EXPECT_EQ(partition->position(), StoredPosition{});
}

TEST_P(StoreContract, leaves_the_position_where_it_is_by_a_batch_without_one) {
    const auto partition = open();
    partition->apply(batch({{"a", "1"}}, 7));
    partition->apply(batch({{"a", "2"}}));
    EXPECT_EQ(partition->get("a"), "2");
    EXPECT_EQ(partition->position().position.offset, Offset(7));
}

TEST_P(StoreContract, keeps_every_field_of_a_position) {
    WriteBatch made;
    made.position = StoredPosition{{Offset(1), Epoch(2), Sequence(3), RecordId(4)},
                                   5,
                                   std::string("\xff\0id", 4),
                                   6,
                                   7,
                                   8,
                                   9,
                                   10,
                                   11,
                                   {Offset(12), Epoch(13), Sequence(14), RecordId(15)},
                                   true,
                                   true,
                                   16,
                                   std::string("\xfe\0", 2),
                                   17,
                                   18,
                                   19};
    open()->apply(made);
    EXPECT_EQ(open()->position(), made.position);
}

TEST_P(StoreContract, keeps_empty_values_and_any_bytes) {
    const auto partition = open();
    const std::string key("k\0\xff/", 4);
    const std::string value("\xff\0v", 3);
    partition->apply(batch({{key, value}, {"empty", ""}}, 1));
    EXPECT_EQ(partition->get(key), value);
    EXPECT_EQ(partition->get("empty"), "");
}

TEST_P(StoreContract, scans_behind_a_key_and_up_to_a_limit) {
    const auto partition = open();
    partition->apply(
        batch({{"a", ""}, {"s/1", ""}, {"s/2", ""}, {"s/2/1", ""}, {"s/3", ""}, {"t", ""}}, 1));
    using Keys = std::vector<std::string>;
    EXPECT_EQ(keys(partition->scan("s/", "", 2)), (Keys{"s/1", "s/2"}));
    EXPECT_EQ(keys(partition->scan("s/", "s/2", 0)), (Keys{"s/2/1", "s/3"}));
    EXPECT_EQ(keys(partition->scan("s/", "s/2", 1)), (Keys{"s/2/1"}));
    // `after` need not be there, nor begin with the prefix.
    EXPECT_EQ(keys(partition->scan("s/", "s/1x", 1)), (Keys{"s/2"}));
    EXPECT_EQ(keys(partition->scan("s/", "a", 1)), (Keys{"s/1"}));
    EXPECT_EQ(keys(partition->scan("s/", "s/3")), Keys{});
    EXPECT_EQ(keys(partition->scan("s/", "t")), Keys{});
    EXPECT_EQ(keys(partition->scan("", "s/3")), (Keys{"t"}));
    EXPECT_EQ(keys(partition->scan("s/2")), (Keys{"s/2", "s/2/1"}));
}

TEST_P(StoreContract, orders_keys_by_their_unsigned_bytes_and_finds_the_last_of_a_prefix) {
    const auto partition = open();
    EXPECT_FALSE(partition->last_key(""));
    partition->apply(
        batch({{"o/\x7f", ""}, {"o/\x80", ""}, {"o/\xff", ""}, {"o/\xff\xff", ""}}, 1));
    EXPECT_EQ(partition->last_key("o/"), "o/\xff\xff");
    EXPECT_EQ(partition->last_key("o/\xff"), "o/\xff\xff");
    EXPECT_EQ(partition->last_key("o/\x7f"), "o/\x7f");
    EXPECT_EQ(partition->last_key(""), "o/\xff\xff");
    EXPECT_FALSE(partition->last_key("n"));
    EXPECT_FALSE(partition->last_key("p"));
    EXPECT_FALSE(partition->last_key("o/\x81"));
    partition->apply(batch({{"\xff\xff", ""}, {"\xff", ""}}, 1));
    EXPECT_EQ(partition->last_key("\xff"), "\xff\xff");
    EXPECT_EQ(keys(partition->scan("o/", "o/\x7f", 1)), std::vector<std::string>{"o/\x80"});
}

TEST_P(StoreContract, never_finds_a_neighbours_keys) {
    const auto low = open(0);
    const auto middle = open(1);
    const auto high = open(256);
    const auto other = store_->open("order", Partition(1), 1);
    low->apply(batch({{"z", ""}}, 1));
    high->apply(batch({{"a", ""}}, 1));
    other->apply(batch({{"s", ""}}, 1));
    EXPECT_TRUE(middle->scan("").empty());
    EXPECT_FALSE(middle->last_key(""));
    middle->apply(batch({{"m", ""}}, 1));
    EXPECT_EQ(keys(middle->scan("")), std::vector<std::string>{"m"});
    middle->wipe();
    EXPECT_EQ(low->last_key(""), "z");
    EXPECT_EQ(high->last_key(""), "a");
    EXPECT_EQ(other->last_key(""), "s");
}

TEST_P(StoreContract, wipes_only_the_partition_whose_evolve_version_changed) {
    open(0)->apply(batch({{"k", "0"}}, 5));
    open(1)->apply(batch({{"k", "1"}}, 6));
    const auto other = store_->open("orders", Partition(0), 2);
    EXPECT_TRUE(other->scan("").empty());
    EXPECT_EQ(other->position(), StoredPosition{});
    EXPECT_EQ(open(1)->get("k"), "1");
}

TEST_P(StoreContract, goes_on_after_a_wipe_and_keeps_it) {
    auto partition = open();
    partition->apply(batch({{"old", "0"}}, 5));
    partition->wipe();
    partition->apply(batch({{"new", "1"}}, 1));
    partition.reset();
    partition = open();
    EXPECT_EQ(keys(partition->scan("")), std::vector<std::string>{"new"});
    EXPECT_EQ(partition->position().position.offset, Offset(1));
}

TEST_P(StoreContract, opens_no_partition_that_is_open_already) {
    auto first = open();
    EXPECT_EQ(open(), nullptr);
    EXPECT_EQ(store_->open("orders", Partition(0), 2), nullptr);
    EXPECT_NE(open(1), nullptr);
    EXPECT_NE(store_->open("users", Partition(0), 1), nullptr);
    first->apply(batch({{"k", "0"}}, 5));
    first.reset();
    const auto second = open();
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->get("k"), "0");
}

TEST_P(StoreContract, lends_a_partition_to_one_of_many_threads_at_a_time) {
    std::atomic<int> won = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int turn = 0; turn < 500; ++turn) {
                const auto partition = open();
                if (!partition) continue;
                ++won;
                const auto before = partition->position().position.offset.value;
                partition->apply(batch({}, before + 1));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(open()->position().position.offset, Offset(won - 1));
}

TEST_P(StoreContract, shows_a_partition_that_is_open_to_who_inspects_it) {
    const auto partition = open();
    const auto seen = store_->inspect("orders", Partition(0));
    partition->apply(batch({{"k", "0"}}, 5));
    EXPECT_EQ(seen->get("k"), "0");
    EXPECT_EQ(seen->position().position.offset, Offset(5));
    EXPECT_EQ(open(), nullptr);
}

TEST_P(StoreContract, inspects_what_was_never_opened_as_empty_and_takes_no_lease) {
    const auto seen = store_->inspect("orders", Partition(0));
    EXPECT_TRUE(seen->scan("").empty());
    EXPECT_EQ(seen->position(), StoredPosition{});
    EXPECT_NE(open(), nullptr);
}

TEST_P(StoreContract, lets_what_it_opened_outlive_it) {
    const auto partition = open();
    bench_.reset();
    partition->apply(batch({{"k", "0"}}, 5));
    EXPECT_EQ(partition->get("k"), "0");
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(Make([] { return std::make_unique<MemoryBench>(); })));

INSTANTIATE_TEST_SUITE_P(Rocksdb, StoreContract,
                         testing::Values(Make([] { return std::make_unique<RocksdbBench>(); })));

}  // namespace
}  // namespace foldstream::store
