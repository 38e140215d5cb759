#include "common/processing/slots.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/processing/store_keys.hpp"

namespace foldstream::processing {
namespace {

class StoredSlots : public ::testing::Test {
protected:
    // Slots of the numbers [first, next), whose bytes are those numbers.
    static std::vector<std::string> made(std::uint64_t first, std::uint64_t next) {
        std::vector<std::string> slots;
        for (std::uint64_t n = first; n < next; ++n) slots.push_back(std::to_string(n));
        return slots;
    }
    void put(std::uint64_t first, std::uint64_t next) {
        store::WriteBatch batch;
        put_slots("o", first, made(first, next),
                  store_->get(slot_key("o", first)).value_or(std::string()), batch);
        store_->apply(batch);
    }
    [[nodiscard]] std::optional<std::vector<std::string>> read(std::uint64_t first,
                                                               std::uint64_t next) const {
        return read_slots(*store_, "o", first, next);
    }
    [[nodiscard]] std::vector<store::KeyValue> content() const {
        return store_->scan(slot_prefix("o"));
    }

    std::unique_ptr<store::Store> stores_ = store::make_memory_store();
    std::unique_ptr<store::PartitionStore> store_ = stores_->open("orders", Partition(0), 1);
};

TEST_F(StoredSlots, are_what_was_put_whatever_was_put_at_once) {
    put(0, 30);
    const auto at_once = content();
    for (const std::uint64_t step : {1U, 3U, 8U, 11U}) {
        store_->wipe();
        for (std::uint64_t n = 0; n < 30; n += step) put(n, std::min<std::uint64_t>(n + step, 30));
        EXPECT_EQ(content(), at_once) << step;
    }
    EXPECT_EQ(read(0, 30), made(0, 30));
    EXPECT_EQ(read(13, 30), made(13, 30));
    EXPECT_EQ(read(4, 4), made(4, 4));
}

TEST_F(StoredSlots, are_the_same_when_they_are_put_again) {
    put(0, 13);
    const auto once = content();
    put(11, 13);
    EXPECT_EQ(content(), once);
}

TEST_F(StoredSlots, keep_their_places_when_those_before_them_are_gone) {
    put(21, 30);
    EXPECT_EQ(read(21, 30), made(21, 30));
    put(30, 31);
    EXPECT_EQ(read(21, 31), made(21, 31));
}

TEST_F(StoredSlots, are_nothing_when_one_is_missing) {
    put(0, 12);
    EXPECT_FALSE(read(0, 13));
    EXPECT_FALSE(read(0, std::uint64_t{1} << 63U));
    EXPECT_FALSE(read(12, 11));
    store_->wipe();
    put(5, 12);
    EXPECT_FALSE(read(4, 12));
}

}  // namespace
}  // namespace foldstream::processing
