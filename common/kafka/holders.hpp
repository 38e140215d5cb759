// Owners of librdkafka's C objects. Only the .cpp files of this folder include this header.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

namespace foldstream::kafka {

// Calls the C function that gives the object back; stateless, so a holder is one pointer wide.
template <auto Destroy>
struct Destroyer {
    template <typename T>
    void operator()(T* object) const noexcept {
        Destroy(object);
    }
};

template <typename T, auto Destroy>
using Holder = std::unique_ptr<T, Destroyer<Destroy>>;

// A consumer of a group closes by itself before (GroupMember); nobody else has a group to leave.
inline void destroy_handle(rd_kafka_t* handle) {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

// Queues, topics and messages of a handle must be gone before the handle is.
using Handle = Holder<rd_kafka_t, destroy_handle>;
using Config = Holder<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using TopicHandle = Holder<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using Queue = Holder<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Message = Holder<rd_kafka_message_t, rd_kafka_message_destroy>;
using Partitions = Holder<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using Headers = Holder<rd_kafka_headers_t, rd_kafka_headers_destroy>;
using Event = Holder<rd_kafka_event_t, rd_kafka_event_destroy>;
using NewTopic = Holder<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using AdminOptions = Holder<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using ConfigResource = Holder<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
using Metadata = Holder<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

}  // namespace foldstream::kafka
