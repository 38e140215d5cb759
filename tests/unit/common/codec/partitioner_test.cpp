#include "common/codec/partitioner.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace foldstream::codec {
namespace {

TEST(Partitioner, is_the_java_clients_murmur2) {
    // org.apache.kafka.common.utils.UtilsTest.testMurmur2
    const std::pair<std::string_view, std::int32_t> cases[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    for (const auto& [key, hash] : cases) {
        for (const std::int32_t partitions : {1, 2, 3, 7, 12, 8192}) {
            EXPECT_EQ(partition_of(key, partitions).value, (hash & 0x7fffffff) % partitions)
                << key << ' ' << partitions;
        }
        EXPECT_EQ(partition_of(key, std::numeric_limits<std::int32_t>::max()).value,
                  (hash & 0x7fffffff) % std::numeric_limits<std::int32_t>::max())
            << key;
    }
}

TEST(Partitioner, looks_at_every_byte_of_every_length) {
    const std::int32_t many = std::numeric_limits<std::int32_t>::max();
    for (std::size_t size = 1; size <= 9; ++size) {
        for (std::size_t i = 0; i < size; ++i) {
            std::string key(size, 'a');
            const Partition before = partition_of(key, many);
            key[i] = '\xE1';
            EXPECT_NE(partition_of(key, many), before) << size << ' ' << i;
        }
    }
    EXPECT_GE(partition_of("", many).value, 0);
}

}  // namespace
}  // namespace foldstream::codec
