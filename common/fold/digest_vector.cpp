#include "common/fold/digest_vector.hpp"

#include <xxhash.h>

#include <bit>
#include <cassert>

namespace foldstream::fold {

namespace {

constexpr std::size_t count_bytes = 8;
constexpr std::size_t sum_bytes = 16;
static_assert(DigestVector::bucket_count * (count_bytes + sum_bytes) == DigestVector::stored_bytes);

unsigned __int128 number(const std::uint8_t* bytes, std::size_t size) {
    unsigned __int128 value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8U | bytes[i];
    return value;
}

void append(unsigned __int128 value, std::size_t size, std::string& out) {
    for (std::size_t i = size; i > 0; --i) out += static_cast<char>(value >> (8 * (i - 1)));
}

}  // namespace

DigestVector::Bucket& DigestVector::at(std::int16_t bucket) {
    assert(bucket >= 0 && static_cast<std::size_t>(bucket) < bucket_count);
    return buckets_[static_cast<std::size_t>(bucket)];
}

const DigestVector::Bucket& DigestVector::bucket(std::int16_t bucket) const {
    assert(bucket >= 0 && static_cast<std::size_t>(bucket) < bucket_count);
    return buckets_[static_cast<std::size_t>(bucket)];
}

void DigestVector::add(std::int16_t bucket, const RowDigest& digest) {
    Bucket& to = at(bucket);
    ++to.count;
    to.sum += number(digest.data(), digest.size());
}

void DigestVector::retract(std::int16_t bucket, const RowDigest& digest) {
    Bucket& from = at(bucket);
    --from.count;
    from.sum -= number(digest.data(), digest.size());
}

std::string DigestVector::bytes() const {
    std::string bytes;
    bytes.reserve(stored_bytes);
    for (const Bucket& bucket : buckets_) {
        append(bucket.count, count_bytes, bytes);
        append(bucket.sum, sum_bytes, bytes);
    }
    return bytes;
}

std::optional<DigestVector> DigestVector::from_bytes(std::string_view bytes) {
    if (bytes.size() != stored_bytes) return std::nullopt;
    DigestVector vector;
    const auto* at = reinterpret_cast<const std::uint8_t*>(bytes.data());
    for (Bucket& bucket : vector.buckets_) {
        bucket.count = static_cast<std::uint64_t>(number(at, count_bytes));
        bucket.sum = number(at + count_bytes, sum_bytes);
        at += count_bytes + sum_bytes;
    }
    return vector;
}

std::int64_t digest_key_id(std::span<const std::uint8_t> secret) {
    return std::bit_cast<std::int64_t>(XXH3_64bits(secret.data(), secret.size()));
}

}  // namespace foldstream::fold
