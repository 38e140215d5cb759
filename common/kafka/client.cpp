#include "common/kafka/client.hpp"

#include <array>
#include <cstdint>

#include "common/kafka/error.hpp"
#include "common/kafka/log_sink.hpp"

namespace foldstream::kafka {

namespace {

void on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
    write_log(level, facility, text);
}

void set(rd_kafka_conf_t* config, const std::string& key, const std::string& value) {
    std::array<char, 512> why{};
    if (rd_kafka_conf_set(config, key.c_str(), value.c_str(), why.data(), why.size()) ==
        RD_KAFKA_CONF_OK) {
        return;
    }
    // The value may be a password: librdkafka's text repeats it only for enumerations and numbers.
    throw SettingError("Kafka setting '" + key + "': " + why.data());
}

// Nobody creates topics by asking for them: a topic with the broker's defaults for retention would
// lose the log.
const ConfigValues& common_values() {
    static const ConfigValues values = {
        {"allow.auto.create.topics", "false"}, {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},   {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "1000"},
    };
    return values;
}

}  // namespace

Handle make_handle(rd_kafka_type_t type, const Settings& settings, const ConfigValues& values,
                   const Callbacks& callbacks) {
    Config config(rd_kafka_conf_new());
    rd_kafka_conf_set_log_cb(config.get(), on_log);
    if (callbacks.opaque != nullptr) rd_kafka_conf_set_opaque(config.get(), callbacks.opaque);
    if (callbacks.rebalance != nullptr) {
        rd_kafka_conf_set_rebalance_cb(config.get(), callbacks.rebalance);
    }
    if (callbacks.delivery != nullptr) {
        rd_kafka_conf_set_dr_msg_cb(config.get(), callbacks.delivery);
    }
    if (callbacks.error != nullptr) rd_kafka_conf_set_error_cb(config.get(), callbacks.error);
    if (callbacks.statistics != nullptr) {
        rd_kafka_conf_set_stats_cb(config.get(), callbacks.statistics);
    }
    set(config.get(), "bootstrap.servers", settings.brokers);
    set(config.get(), "client.id", settings.client_id);
    for (const auto& [key, value] : common_values()) set(config.get(), key, value);
    for (const auto& [key, value] : values) set(config.get(), key, value);
    for (const auto& [key, value] : settings.extra) set(config.get(), key, value);
    std::array<char, 512> why{};
    Handle handle(rd_kafka_new(type, config.get(), why.data(), why.size()));
    if (!handle) throw Error(std::string("cannot make a Kafka client: ") + why.data(), false);
    (void)config.release();  // belongs to the handle now
    return handle;
}

TopicHandle make_topic(rd_kafka_t* handle, const std::string& name) {
    TopicHandle topic(rd_kafka_topic_new(handle, name.c_str(), nullptr));
    if (!topic) {
        throw Error("Kafka topic '" + name + "': " + rd_kafka_err2str(rd_kafka_last_error()),
                    false);
    }
    return topic;
}

void ring_on(rd_kafka_queue_t* queue, const Wakeup& wakeup) {
    static constexpr std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, wakeup.fd(), &one, sizeof one);
}

bool passes_by(rd_kafka_resp_err_t error) {
    switch (error) {
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__RESOLVE:
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        case RD_KAFKA_RESP_ERR__TIMED_OUT:
        case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
        case RD_KAFKA_RESP_ERR__WAIT_COORD:
        case RD_KAFKA_RESP_ERR__WAIT_CACHE:
        case RD_KAFKA_RESP_ERR__RETRY:
        case RD_KAFKA_RESP_ERR_UNKNOWN:
        case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
        case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
        case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
        case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
        case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
        case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
        case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
        case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
        case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
        case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
        case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
            return true;
        default:
            return false;
    }
}

void fail(const Settings& settings, std::string_view what, rd_kafka_resp_err_t error,
          std::string_view detail) {
    std::string text = "cannot " + std::string(what) + ": ";
    text += detail.empty() ? std::string_view(rd_kafka_err2str(error)) : detail;
    const bool retry = passes_by(error);
    if (retry) {
        text += " (brokers: " + settings.brokers +
                "; is Kafka running there, and --kafka-brokers right?)";
    }
    throw Error(text, retry);
}

Metadata fetch_metadata(rd_kafka_t* handle, const Settings& settings, rd_kafka_topic_t* topic,
                        int timeout_ms) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error =
        rd_kafka_metadata(handle, topic == nullptr ? 1 : 0, topic, &metadata, timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(settings, "ask Kafka for its topics", error);
    return Metadata(metadata);
}

}  // namespace foldstream::kafka
