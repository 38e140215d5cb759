// How to reach Kafka, and what else the operator wants librdkafka to do.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace foldstream::kafka {

struct Settings {
    std::string brokers = "127.0.0.1:9092";
    // Any librdkafka setting, in order; later ones win. TLS and SASL pass through here.
    std::vector<std::pair<std::string, std::string>> extra;
    // Shown to the broker and in logs.
    std::string client_id = "foldstream";
};

}  // namespace foldstream::kafka
