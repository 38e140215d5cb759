// What every librdkafka handle of the platform has in common. Only the .cpp files of this folder
// include this header.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/kafka/holders.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::kafka {

using ConfigValues = std::vector<std::pair<std::string, std::string>>;

struct Callbacks {
    void* opaque = nullptr;
    void (*rebalance)(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*,
                      void*) = nullptr;
    void (*delivery)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr;
    void (*error)(rd_kafka_t*, int, const char*, void*) = nullptr;
    int (*statistics)(rd_kafka_t*, char*, std::size_t, void*) = nullptr;
};

// The common values, then `values`, then settings.extra, each over the former. Throws Error (not to
// be retried) naming the setting that librdkafka does not know or take.
Handle make_handle(rd_kafka_type_t type, const Settings& settings, const ConfigValues& values,
                   const Callbacks& callbacks = {});

// Throws Error when librdkafka refuses the name.
TopicHandle make_topic(rd_kafka_t* handle, const std::string& name);

// The wakeup is rung whenever `queue` was empty and no longer is.
void ring_on(rd_kafka_queue_t* queue, const Wakeup& wakeup);

// The client or the cluster gets over it without help.
bool passes_by(rd_kafka_resp_err_t error);

// "cannot <what>: <reason>", with what to turn where that is known.
[[noreturn]] void fail(const Settings& settings, std::string_view what, rd_kafka_resp_err_t error,
                       std::string_view detail = {});

// Metadata of one topic, or of all when `topic` is null. Throws Error.
Metadata fetch_metadata(rd_kafka_t* handle, const Settings& settings, rd_kafka_topic_t* topic,
                        int timeout_ms);

}  // namespace foldstream::kafka
