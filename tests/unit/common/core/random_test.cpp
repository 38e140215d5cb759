#include "common/core/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

namespace foldstream {
namespace {

std::uint64_t word(Random& random) {
    std::uint64_t value = 0;
    random.fill(std::as_writable_bytes(std::span(&value, 1)));
    return value;
}

// Gives the words that it was told, then asserts.
class ListedRandom final : public Random {
public:
    explicit ListedRandom(std::vector<std::uint64_t> words) : words_(std::move(words)) {}
    void fill(std::span<std::byte> out) override {
        ASSERT_EQ(out.size(), 8U);
        ASSERT_LT(next_, words_.size());
        std::memcpy(out.data(), &words_[next_++], 8);
    }
    [[nodiscard]] std::size_t drawn() const { return next_; }

private:
    std::vector<std::uint64_t> words_;
    std::size_t next_ = 0;
};

TEST(SeededRandom, is_splitmix64) {
    // The first outputs of the reference implementation (prng.di.unimi.it/splitmix64.c), seed 0.
    SeededRandom random(0);
    EXPECT_EQ(word(random), 0xE220A8397B1DCDAFU);
    EXPECT_EQ(word(random), 0x6E789E6AA1B965F4U);
    EXPECT_EQ(word(random), 0x06C45D188009454FU);
}

TEST(SeededRandom, repeats_itself_and_differs_by_seed) {
    SeededRandom first(42);
    SeededRandom same(42);
    SeededRandom other(43);
    const std::uint64_t drawn = word(first);
    EXPECT_EQ(word(same), drawn);
    EXPECT_NE(word(other), drawn);
}

TEST(SeededRandom, fills_any_length_to_its_end) {
    for (std::size_t size = 0; size <= 33; ++size) {
        SeededRandom random(size + 1);
        std::vector<std::byte> bytes(size + 1, std::byte{0xAA});
        random.fill(std::span(bytes).first(size));
        EXPECT_EQ(bytes[size], std::byte{0xAA}) << size;
    }
}

TEST(Random, below_a_bound_reaches_all_of_it_and_never_the_bound) {
    SeededRandom random(1);
    std::array<int, 7> seen{};
    for (int i = 0; i < 7'000; ++i) {
        const std::uint64_t drawn = random.below(seen.size());
        ASSERT_LT(drawn, seen.size());
        ++seen[drawn];
    }
    for (const int count : seen) {
        EXPECT_GT(count, 800);
        EXPECT_LT(count, 1'200);
    }
    EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, below_a_bound_draws_again_where_the_rest_would_be_uneven) {
    // 2^63 + 1 fits once: all that is above must be drawn again.
    const std::uint64_t bound = (std::uint64_t{1} << 63U) + 1;
    ListedRandom random({UINT64_MAX, bound, 5});
    EXPECT_EQ(random.below(bound), 5U);
    EXPECT_EQ(random.drawn(), 3U);
}

TEST(KernelRandom, does_not_repeat_itself) {
    KernelRandom random;
    EXPECT_NE(word(random), word(random));
    std::vector<std::byte> many(100'000);  // more than getrandom gives at once without a loop
    random.fill(many);
    int zeros = 0;
    for (const std::byte b : many) zeros += b == std::byte{0} ? 1 : 0;
    EXPECT_LT(zeros, 1'000);
}

}  // namespace
}  // namespace foldstream
