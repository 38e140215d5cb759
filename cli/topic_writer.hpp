// What foldctl writes into one partition of a topic, each record proved delivered.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/ids.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::cli {

// One thread, one producer session. Throws kafka::Error when the topic cannot be reached.
class TopicWriter {
public:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    TopicWriter(const kafka::Settings& settings, std::string topic, Partition partition);

    // Copies everything; a value without data is a tombstone. Throws kafka::Error when the record
    // can never be sent.
    void write(std::optional<std::string_view> key, std::string_view value,
               const Headers& headers = {});

    // Waits until all are reported, at most 35 s: the offset of the last one; nothing when one of
    // them is not proved, or none was written.
    std::optional<Offset> prove();

private:
    std::string topic_;
    Partition partition_;
    kafka::DeliveryCheck check_;
    std::optional<Offset> last_;
    std::size_t written_ = 0;
    std::size_t proved_ = 0;
    kafka::Wakeup wakeup_;
    kafka::Producer producer_;
};

}  // namespace foldstream::cli
