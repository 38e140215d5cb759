// Kafka's default partitioner, the Java clients': which partition a key belongs to.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/core/ids.hpp"

namespace foldstream::codec {

// (murmur2(key) & 0x7fffffff) % partitions, as org.apache.kafka.common.utils.Utils.murmur2.
Partition partition_of(std::string_view key, std::int32_t partitions);

}  // namespace foldstream::codec
