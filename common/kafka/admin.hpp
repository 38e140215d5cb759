// Topics: create, describe, verify; and where they begin and end. Blocking, with time-outs; for
// start-up, tools and probe threads, never for loops. All throw kafka::Error (retry() = the broker
// did not answer).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/core/ids.hpp"
#include "common/kafka/settings.hpp"

namespace foldstream::kafka {

struct TopicSpec {
    std::string name;
    std::int32_t partitions = 1;
    std::int16_t replication = 1;
    std::map<std::string, std::string> config;  // topic configs that must have these values
};

struct TopicState {
    std::string name;
    std::int32_t partitions = 0;
    std::int16_t replication = 0;
    std::map<std::string, std::string> config;  // all of them, defaults included
};

class Admin {
public:
    explicit Admin(const Settings& settings);
    ~Admin();

    // False when it exists already (whatever its shape).
    bool create(const TopicSpec& spec);
    // Nothing when the topic does not exist. Never creates it.
    std::optional<TopicState> describe(const std::string& topic);
    std::optional<std::int32_t> partitions(const std::string& topic);
    std::int32_t brokers();
    // The offset behind the last record / of the first record, per partition.
    std::map<Partition, Offset> end_offsets(const std::string& topic, int timeout_ms = 5000);
    std::map<Partition, Offset> begin_offsets(const std::string& topic, int timeout_ms = 5000);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldstream::kafka
