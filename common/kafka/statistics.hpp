// What the statistics of a librdkafka client say of a topic's partitions, and of the brokers. Pure.
#pragma once

#include <map>
#include <string_view>

#include "common/core/ids.hpp"

namespace foldstream::kafka {

// As the broker told with the last fetch. Between the two are records of transactions that are
// still open, and everything behind the first of them: a reader of what is committed waits there.
struct Watermarks {
    Offset stable;  // the last stable offset
    Offset high;    // the high watermark
};

// Of the partitions that are fetched; empty where the text is no statistics of the topic.
std::map<Partition, Watermarks> watermarks_in(std::string_view statistics, std::string_view topic);

// Whether the client has a connection to any broker. True where the text is no statistics.
bool any_broker_up(std::string_view statistics);

}  // namespace foldstream::kafka
