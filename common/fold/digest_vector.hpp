// What the rows of one partition add up to: 64 buckets of a count and the sum, modulo 2^128, of the
// rows' digests. Sums, because xor takes two equal changes for none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace foldstream::fold {

// Keyed digest of a row's canonical bytes (TablePlan::digest): a number of 128 bits, big endian.
using RowDigest = std::array<std::uint8_t, 16>;

// A value; kept up by retract and add, so that a change costs no read.
class DigestVector {
public:
    static constexpr std::size_t bucket_count = 64;
    // Each bucket's count (8 bytes) and sum (16 bytes), big endian, in order.
    static constexpr std::size_t stored_bytes = 1'536;

    struct Bucket {
        std::uint64_t count = 0;
        unsigned __int128 sum = 0;

        bool operator==(const Bucket&) const = default;
    };

    void add(std::int16_t bucket, const RowDigest& digest);
    // Takes a row away that was added.
    void retract(std::int16_t bucket, const RowDigest& digest);
    void set(std::int16_t bucket, const Bucket& what) { at(bucket) = what; }

    [[nodiscard]] const Bucket& bucket(std::int16_t bucket) const;
    [[nodiscard]] std::string bytes() const;
    // Nothing when it is not stored_bytes long.
    [[nodiscard]] static std::optional<DigestVector> from_bytes(std::string_view bytes);

    bool operator==(const DigestVector&) const = default;

private:
    Bucket& at(std::int16_t bucket);

    std::array<Bucket, bucket_count> buckets_{};
};

// Tells which secret keys a vector's digests, without telling the secret.
std::int64_t digest_key_id(std::span<const std::uint8_t> secret);

}  // namespace foldstream::fold
