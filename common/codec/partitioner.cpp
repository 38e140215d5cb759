#include "common/codec/partitioner.hpp"

#include <cstring>

namespace foldstream::codec {

namespace {

std::uint32_t murmur2(std::string_view key) {
    constexpr std::uint32_t m = 0x5bd1e995;
    constexpr unsigned r = 24;
    std::uint32_t h = 0x9747b28cU ^ static_cast<std::uint32_t>(key.size());
    while (key.size() >= 4) {
        std::uint32_t k = 0;
        std::memcpy(&k, key.data(), 4);  // little endian, checked in frame.cpp
        k *= m;
        k ^= k >> r;
        k *= m;
        h *= m;
        h ^= k;
        key.remove_prefix(4);
    }
    for (std::size_t i = key.size(); i > 0; --i) {
        h ^= static_cast<std::uint32_t>(static_cast<unsigned char>(key[i - 1])) << (8 * (i - 1));
        if (i == 1) h *= m;
    }
    h ^= h >> 13U;
    h *= m;
    h ^= h >> 15U;
    return h;
}

}  // namespace

Partition partition_of(std::string_view key, std::int32_t partitions) {
    return Partition(static_cast<std::int32_t>(murmur2(key) & 0x7fffffffU) % partitions);
}

}  // namespace foldstream::codec
