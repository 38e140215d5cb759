#include "common/fold/digest_vector.hpp"

#include <gtest/gtest.h>

#include "common/core/random.hpp"

namespace foldstream::fold {
namespace {

RowDigest random_digest(SeededRandom& random) {
    RowDigest digest{};
    for (auto& byte : digest) byte = static_cast<std::uint8_t>(random.below(256));
    return digest;
}

RowDigest filled(std::uint8_t byte) {
    RowDigest digest{};
    digest.fill(byte);
    return digest;
}

TEST(DigestVector, does_not_depend_on_the_order_of_what_is_added) {
    SeededRandom random(1);
    std::vector<std::pair<std::int16_t, RowDigest>> rows;
    for (int i = 0; i < 300; ++i)
        rows.emplace_back(static_cast<std::int16_t>(random.below(64)), random_digest(random));
    DigestVector forward;
    DigestVector backward;
    for (const auto& [bucket, digest] : rows) forward.add(bucket, digest);
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) backward.add(row->first, row->second);
    EXPECT_EQ(forward, backward);
    for (const auto& [bucket, digest] : rows) forward.retract(bucket, digest);
    EXPECT_EQ(forward, DigestVector());
    EXPECT_NE(backward, DigestVector());
}

TEST(DigestVector, counts_modulo_two_to_the_128th) {
    DigestVector vector;
    vector.add(5, filled(0xFF));
    vector.add(5, filled(0xFF));
    EXPECT_EQ(vector.bucket(5).count, 2U);
    EXPECT_TRUE(vector.bucket(5).sum == ~static_cast<unsigned __int128>(0) - 1);
    EXPECT_EQ(vector.bucket(4), DigestVector::Bucket());
}

// Xor would take two rows of one digest for none at all.
TEST(DigestVector, tells_two_equal_rows_from_none) {
    DigestVector two;
    two.add(0, filled(7));
    two.add(0, filled(7));
    EXPECT_FALSE(two.bucket(0).sum == 0);
}

TEST(DigestVector, comes_back_from_its_bytes) {
    SeededRandom random(2);
    DigestVector vector;
    for (int i = 0; i < 500; ++i)
        vector.add(static_cast<std::int16_t>(random.below(64)), random_digest(random));
    const std::string bytes = vector.bytes();
    ASSERT_EQ(bytes.size(), 1536U);
    EXPECT_EQ(DigestVector::from_bytes(bytes), vector);
    EXPECT_FALSE(DigestVector::from_bytes(bytes.substr(1)));
    EXPECT_FALSE(DigestVector::from_bytes(bytes + "x"));
    EXPECT_FALSE(DigestVector::from_bytes(""));
}

// Stored vectors are read by later binaries, and by others than this one.
TEST(DigestVector, has_its_bytes_for_ever) {
    DigestVector vector;
    RowDigest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(i + 1);
    vector.add(63, digest);
    const std::string bytes = vector.bytes();
    EXPECT_EQ(bytes.substr(0, 63 * 24), std::string(63 * 24, '\0'));
    std::string expected(7, '\0');
    for (const int byte : {1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
        expected += static_cast<char>(byte);
    EXPECT_EQ(bytes.substr(63 * 24), expected);
}

TEST(DigestKeyId, differs_by_secret_and_is_the_same_for_ever) {
    std::array<std::uint8_t, 192> secret{};
    const std::int64_t zeros = digest_key_id(secret);
    secret[191] = 1;
    EXPECT_NE(digest_key_id(secret), zeros);
}

}  // namespace
}  // namespace foldstream::fold
