#include "common/kafka/admin.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "common/kafka/client.hpp"
#include "common/kafka/error.hpp"

namespace foldstream::kafka {

namespace {

constexpr int answer_limit_ms = 10'000;
constexpr int metadata_limit_ms = 5'000;
constexpr std::chrono::milliseconds ask_again{20};

}  // namespace

struct Admin::Impl {
    Settings settings;
    Handle handle;
    Queue queue;

    AdminOptions options(rd_kafka_admin_op_t operation) {
        AdminOptions made(rd_kafka_AdminOptions_new(handle.get(), operation));
        std::array<char, 256> why{};
        if (rd_kafka_AdminOptions_set_request_timeout(made.get(), answer_limit_ms, why.data(),
                                                      why.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            throw Error(std::string("Kafka admin time-out: ") + why.data(), false);
        }
        return made;
    }

    // The one answer to the one request that is under way.
    Event answer(std::string_view what) {
        Event event(rd_kafka_queue_poll(queue.get(), answer_limit_ms + 1'000));
        if (!event) fail(settings, what, RD_KAFKA_RESP_ERR__TIMED_OUT);
        const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail(settings, what, error, rd_kafka_event_error_string(event.get()));
        }
        return event;
    }

    // Null when it does not exist.
    Metadata metadata(const std::string& name) {
        const TopicHandle topic = make_topic(handle.get(), name);
        Metadata found = fetch_metadata(handle.get(), settings, topic.get(), metadata_limit_ms);
        const rd_kafka_resp_err_t error = found->topics[0].err;
        if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return nullptr;
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR &&
            !(error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE &&
              found->topics[0].partition_cnt > 0)) {
            fail(settings, "look at the topic " + name, error);
        }
        return found;
    }

    // True when every partition has a leader: what was created can be used.
    bool usable(const TopicSpec& spec) {
        const Metadata found = metadata(spec.name);
        if (!found) return false;
        const rd_kafka_metadata_topic_t& topic = found->topics[0];
        const rd_kafka_metadata_partition_t* begin = topic.partitions;
        const rd_kafka_metadata_partition_t* end = begin + topic.partition_cnt;
        return topic.partition_cnt == spec.partitions &&
               std::all_of(begin, end, [](const rd_kafka_metadata_partition_t& p) {
                   return p.err == RD_KAFKA_RESP_ERR_NO_ERROR && p.leader >= 0;
               });
    }

    void read_config(TopicState& state) {
        const ConfigResource asked(
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, state.name.c_str()));
        const AdminOptions how = options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
        rd_kafka_ConfigResource_t* one = asked.get();
        rd_kafka_DescribeConfigs(handle.get(), &one, 1, how.get(), queue.get());
        const std::string what = "read the configuration of the topic " + state.name;
        const Event event = answer(what);
        std::size_t count = 0;
        const rd_kafka_ConfigResource_t** resources = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event.get()), &count);
        if (count != 1) fail(settings, what, RD_KAFKA_RESP_ERR__BAD_MSG);
        const rd_kafka_resp_err_t error = rd_kafka_ConfigResource_error(resources[0]);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            const char* why = rd_kafka_ConfigResource_error_string(resources[0]);
            fail(settings, what, error, why != nullptr ? why : "");
        }
        const rd_kafka_ConfigEntry_t** entries =
            rd_kafka_ConfigResource_configs(resources[0], &count);
        for (std::size_t i = 0; i < count; ++i) {
            const char* value = rd_kafka_ConfigEntry_value(entries[i]);
            state.config[rd_kafka_ConfigEntry_name(entries[i])] = value != nullptr ? value : "";
        }
    }

    std::map<Partition, Offset> offsets(const std::string& topic, std::int64_t which,
                                        int timeout_ms) {
        const Metadata found = metadata(topic);
        if (!found) {
            throw Error("the Kafka topic " + topic + " does not exist: foldctl topics apply",
                        false);
        }
        const int count = found->topics[0].partition_cnt;
        const Partitions list(rd_kafka_topic_partition_list_new(count));
        for (int i = 0; i < count; ++i) {
            rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                              found->topics[0].partitions[i].id)
                ->offset = which;
        }
        // (query_watermark_offsets may never time out.)
        const std::string what = "find where " + topic + " begins and ends";
        const rd_kafka_resp_err_t error =
            rd_kafka_offsets_for_times(handle.get(), list.get(), timeout_ms);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(settings, what, error);
        std::map<Partition, Offset> all;
        for (int i = 0; i < list->cnt; ++i) {
            const rd_kafka_topic_partition_t& one = list->elems[i];
            if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(settings, what, one.err);
            all[Partition(one.partition)] = Offset(one.offset);
        }
        return all;
    }
};

// A consumer handle, because only consumers never create a topic by asking for it.
Admin::Admin(const Settings& settings) : impl_(std::make_unique<Impl>()) {
    impl_->settings = settings;
    impl_->handle =
        make_handle(RD_KAFKA_CONSUMER, settings,
                    {{"isolation.level", "read_uncommitted"}, {"enable.auto.commit", "false"}});
    impl_->queue.reset(rd_kafka_queue_new(impl_->handle.get()));
}

Admin::~Admin() = default;

bool Admin::create(const TopicSpec& spec) {
    const std::string what = "create the topic " + spec.name;
    std::array<char, 512> why{};
    const NewTopic topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication,
                                               why.data(), why.size()));
    if (!topic) throw Error("cannot " + what + ": " + why.data(), false);
    for (const auto& [key, value] : spec.config) {
        const auto error = rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(impl_->settings, what, error);
    }
    const AdminOptions how = impl_->options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
    (void)rd_kafka_AdminOptions_set_operation_timeout(how.get(), answer_limit_ms, why.data(),
                                                      why.size());
    rd_kafka_NewTopic_t* one = topic.get();
    rd_kafka_CreateTopics(impl_->handle.get(), &one, 1, how.get(), impl_->queue.get());
    const Event event = impl_->answer(what);
    std::size_t count = 0;
    const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    for (std::size_t i = 0; i < count; ++i) {
        const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
        if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return false;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        const char* text = rd_kafka_topic_result_error_string(results[i]);
        fail(impl_->settings, what, error, text != nullptr ? text : "");
    }
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(answer_limit_ms);
    while (!impl_->usable(spec)) {
        if (std::chrono::steady_clock::now() > deadline) {
            fail(impl_->settings, "use the topic " + spec.name + ", which was created just now",
                 RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
        }
        std::this_thread::sleep_for(ask_again);
    }
    return true;
}

std::optional<TopicState> Admin::describe(const std::string& topic) {
    const Metadata found = impl_->metadata(topic);
    if (!found) return std::nullopt;
    TopicState state;
    state.name = topic;
    const rd_kafka_metadata_topic_t& described = found->topics[0];
    state.partitions = described.partition_cnt;
    for (int i = 0; i < described.partition_cnt; ++i) {
        const auto replicas = static_cast<std::int16_t>(described.partitions[i].replica_cnt);
        state.replication = i == 0 ? replicas : std::min(state.replication, replicas);
    }
    impl_->read_config(state);
    return state;
}

std::optional<std::int32_t> Admin::partitions(const std::string& topic) {
    const Metadata found = impl_->metadata(topic);
    if (!found) return std::nullopt;
    return found->topics[0].partition_cnt;
}

std::int32_t Admin::brokers() {
    return fetch_metadata(impl_->handle.get(), impl_->settings, nullptr, metadata_limit_ms)
        ->broker_cnt;
}

std::map<Partition, Offset> Admin::end_offsets(const std::string& topic, int timeout_ms) {
    return impl_->offsets(topic, RD_KAFKA_OFFSET_END, timeout_ms);
}

std::map<Partition, Offset> Admin::begin_offsets(const std::string& topic, int timeout_ms) {
    return impl_->offsets(topic, RD_KAFKA_OFFSET_BEGINNING, timeout_ms);
}

}  // namespace foldstream::kafka
