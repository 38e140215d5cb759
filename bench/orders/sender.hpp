// Sends records to one topic, and proves every delivery.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "bench/orders/workload.hpp"
#include "common/core/ids.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::bench {

// One thread. Every call throws kafka::Error when a record was not delivered.
class Sender {
public:
    Sender(const kafka::Settings& settings, std::string topic, std::uint32_t linger_ms);

    // Both wait while the client's queue is full.
    void send(Partition partition, std::string_view key, std::string_view value);
    // To the partition that its key belongs to.
    void send(const PackedCommand& command);
    void poll();
    // Returns when all are delivered.
    void flush();
    [[nodiscard]] std::int32_t partitions() const { return partitions_; }

private:
    void reported(const kafka::DeliveryReport& report);
    void throw_if_failed() const;

    std::string topic_;
    std::int32_t partitions_;
    std::uint64_t sent_ = 0;
    std::uint64_t delivered_ = 0;
    std::string failure_;
    std::map<Partition, kafka::DeliveryCheck> checks_;
    kafka::Wakeup wakeup_;
    kafka::Producer producer_;
};

}  // namespace foldstream::bench
