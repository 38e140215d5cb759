// The real broker that these tests run against: FOLDSTREAM_KAFKA_BROKERS. Topics get random names,
// so that tests share one broker.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>

#include "common/core/random.hpp"
#include "common/core/uuid.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::kafka {

inline std::string random_name(const std::string& prefix) {
    KernelRandom random;
    return prefix + "-" + Uuid::random(random).text();
}

class BrokerTest : public ::testing::Test {
protected:
    void SetUp() override {
        const char* brokers = std::getenv("FOLDSTREAM_KAFKA_BROKERS");
        ASSERT_TRUE(brokers != nullptr && *brokers != '\0')
            << "this test needs a Kafka: set FOLDSTREAM_KAFKA_BROKERS=host:port";
        settings_.brokers = brokers;
    }

    // A new topic; its name.
    std::string topic(std::int32_t partitions, std::map<std::string, std::string> config = {}) {
        TopicSpec spec;
        spec.name = random_name("contract");
        spec.partitions = partitions;
        spec.config = std::move(config);
        Admin admin(settings_);
        EXPECT_TRUE(admin.create(spec));
        return spec.name;
    }

    // Calls `step` until it says true or the time is over, sleeping on the wakeup only.
    bool eventually(const std::function<bool()>& step,
                    std::chrono::seconds limit = std::chrono::seconds(30)) {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        while (!step()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            wakeup_.wait(std::chrono::milliseconds(20));
        }
        return true;
    }

    // Produces "<prefix><i>" for i in [0, count) and waits until all are delivered.
    void fill(const std::string& name, Partition partition, const std::string& prefix, int count) {
        int delivered = 0;
        Wakeup wakeup;
        Producer producer(
            settings_, {name}, ProducerOptions{},
            [&](const DeliveryReport& report) { delivered += report.no_error ? 1 : 0; }, wakeup);
        for (int i = 0; i < count; ++i) {
            while (producer.produce(name, partition, std::nullopt, prefix + std::to_string(i), {},
                                    0) == Produced::full) {
                producer.poll();
            }
        }
        EXPECT_TRUE(producer.flush(30'000));
        ASSERT_EQ(delivered, count);
    }

    // What comes next that is not a passing error.
    std::optional<Fetched> next(Reader& reader, Partition partition) {
        std::optional<Fetched> got;
        eventually([&] {
            got = reader.next(partition);
            if (!got) return false;
            const auto* error = std::get_if<PartitionError>(&*got);
            return error == nullptr || !error->transient;
        });
        return got;
    }

    Settings settings_;
    Wakeup wakeup_;
};

}  // namespace foldstream::kafka
