// librdkafka's cluster in memory, reached by address like a real one, so that several clients share
// it.
#pragma once

#include <librdkafka/rdkafka.h>
// (needs the former first)
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/kafka/holders.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::kafka {

inline constexpr int api_produce = 0;
inline constexpr int api_init_producer_id = 22;

class MockCluster {
public:
    MockCluster() {
        char why[256];
        handle_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why));
        if (!handle_) throw std::runtime_error(why);
        cluster_.reset(rd_kafka_mock_cluster_new(handle_.get(), 1));
        if (!cluster_) throw std::runtime_error("no mock cluster");
    }

    [[nodiscard]] Settings settings() const {
        Settings made;
        made.brokers = rd_kafka_mock_cluster_bootstraps(cluster_.get());
        return made;
    }
    void topic(const std::string& name, int partitions) {
        rd_kafka_mock_topic_create(cluster_.get(), name.c_str(), partitions, 1);
    }
    void down() { rd_kafka_mock_broker_set_down(cluster_.get(), 1); }
    void up() { rd_kafka_mock_broker_set_up(cluster_.get(), 1); }
    void answer_with(int api, rd_kafka_resp_err_t error, int times) {
        for (int i = 0; i < times; ++i) {
            rd_kafka_mock_push_request_errors(cluster_.get(), static_cast<int16_t>(api), 1, error);
        }
    }

private:
    Holder<rd_kafka_t, rd_kafka_destroy> handle_;
    Holder<rd_kafka_mock_cluster_t, rd_kafka_mock_cluster_destroy> cluster_;
};

// Calls `step` until it says true or the time is over, sleeping on the wakeup only.
inline bool eventually(Wakeup& wakeup, const std::function<bool()>& step,
                       std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!step()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        wakeup.wait(std::chrono::milliseconds(20));
    }
    return true;
}

// Produces the values to a partition and waits until all are delivered.
inline void fill(const Settings& settings, const std::string& topic, Partition partition,
                 const std::vector<std::string>& values) {
    Wakeup wakeup;
    std::size_t delivered = 0;
    Producer producer(
        settings, {topic}, ProducerOptions{},
        [&](const DeliveryReport& report) { delivered += report.no_error ? 1 : 0; }, wakeup);
    for (const std::string& value : values) {
        while (producer.produce(topic, partition, std::nullopt, value, {}, 0) == Produced::full) {
            producer.poll();
        }
    }
    if (!producer.flush(20'000) || delivered != values.size()) {
        throw std::runtime_error("the mock cluster took not all of the records");
    }
}

inline std::vector<std::string> numbered(std::string_view prefix, int count) {
    std::vector<std::string> values;
    for (int i = 0; i < count; ++i) values.push_back(std::string(prefix) + std::to_string(i));
    return values;
}

}  // namespace foldstream::kafka
