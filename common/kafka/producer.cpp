#include "common/kafka/producer.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <map>
#include <thread>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/kafka/client.hpp"
#include "common/kafka/error.hpp"

namespace foldstream::kafka {

namespace {

// A topic made a moment ago may not have reached the broker that is asked.
constexpr std::chrono::milliseconds unknown_topic_limit{3'000};
constexpr std::chrono::milliseconds ask_again{50};

// The topics' max.message.bytes is 1 MiB and counts the batch as it is sent. A single record may
// come near to it; a batch of several ends below it, because librdkafka does not split a batch that
// the broker finds too large.
constexpr const char* max_record_bytes = "1048576";
constexpr const char* max_batch_bytes = "1000000";
constexpr const char* max_queued_messages = "100000";
constexpr const char* max_queued_kbytes = "262144";

ConfigValues producer_values(const ProducerOptions& options) {
    return {
        {"enable.idempotence", "true"},
        {"compression.type", options.compression},
        {"linger.ms", std::to_string(options.linger_ms)},
        {"message.timeout.ms", std::to_string(options.message_timeout_ms)},
        {"message.max.bytes", max_record_bytes},
        {"batch.size", max_batch_bytes},
        {"batch.num.messages", "10000"},
        {"queue.buffering.max.messages", max_queued_messages},
        {"queue.buffering.max.kbytes", max_queued_kbytes},
    };
}

// The record itself is what the broker does not take.
bool never_taken(rd_kafka_resp_err_t error) {
    switch (error) {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_INVALID_MSG:
        case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
        case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
            return true;
        default:
            return false;
    }
}

}  // namespace

bool DeliveryCheck::delivered(bool no_error, std::int64_t offset) {
    if (test_hooks::mutant(test_hooks::Mutant::delivered_whatever_the_offset)) return no_error;
    if (!no_error || offset < 0 || offset <= last_) return false;
    last_ = offset;
    return true;
}

struct Producer::Impl {
    Settings settings;
    Report report;
    Handle handle;
    Queue queue;
    std::map<std::string, TopicHandle, std::less<>> topics;
    std::string fatal;
    std::exception_ptr failed;  // what a report threw inside librdkafka

    static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        auto& self = *static_cast<Impl*>(opaque);
        DeliveryReport report;
        report.topic = rd_kafka_topic_name(message->rkt);
        report.partition = Partition(message->partition);
        report.tag = reinterpret_cast<std::uintptr_t>(message->_private);
        report.no_error = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        report.offset = message->offset;
        if (!report.no_error) report.error = rd_kafka_err2str(message->err);
        report.never = never_taken(message->err);
        // No exception may go through librdkafka; what comes behind it is not told any more.
        if (self.failed) return;
        try {
            self.report(report);
        } catch (...) {
            self.failed = std::current_exception();
        }
    }

    void throw_what_failed() {
        if (failed) std::rethrow_exception(std::exchange(failed, nullptr));
    }

    rd_kafka_topic_t* topic(const std::string& name) {
        const auto found = topics.find(name);
        if (found != topics.end()) return found->second.get();
        return topics.emplace(name, make_topic(handle.get(), name)).first->second.get();
    }

    void know(const std::string& name, std::chrono::steady_clock::time_point deadline) {
        using Clock = std::chrono::steady_clock;
        const auto unknown_deadline = std::min(deadline, Clock::now() + unknown_topic_limit);
        for (;;) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
            const Metadata metadata =
                fetch_metadata(handle.get(), settings, topic(name),
                               static_cast<int>(std::max<std::int64_t>(left.count(), 1)));
            const rd_kafka_resp_err_t error = metadata->topics[0].err;
            if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
            const bool unknown = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
            if (Clock::now() > (unknown ? unknown_deadline : deadline)) {
                if (unknown) {
                    throw Error("the Kafka topic " + name + " does not exist: foldctl topics apply",
                                false);
                }
                fail(settings, "produce to " + name, error);
            }
            std::this_thread::sleep_for(ask_again);
        }
    }

    void look_for_fatal() {
        std::array<char, 512> why{};
        if (fatal.empty() && rd_kafka_fatal_error(handle.get(), why.data(), why.size()) !=
                                 RD_KAFKA_RESP_ERR_NO_ERROR) {
            fatal = why.data();
            if (fatal.empty()) fatal = "fatal error of the producer";
        }
    }
};

Producer::Producer(const Settings& settings, const std::vector<std::string>& topics,
                   const ProducerOptions& options, Report report, Wakeup& wakeup)
    : impl_(std::make_unique<Impl>()) {
    impl_->settings = settings;
    impl_->report = std::move(report);
    impl_->handle = make_handle(RD_KAFKA_PRODUCER, settings, producer_values(options),
                                Callbacks{impl_.get(), nullptr, &Impl::on_delivery, nullptr});
    impl_->queue.reset(rd_kafka_queue_get_main(impl_->handle.get()));
    ring_on(impl_->queue.get(), wakeup);
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options.start_timeout_ms);
    for (const std::string& topic : topics) impl_->know(topic, deadline);
}

Producer::~Producer() = default;

Produced Producer::produce(const std::string& topic, Partition partition,
                           std::optional<std::string_view> key, std::string_view value,
                           const std::vector<std::pair<std::string, std::string>>& headers,
                           std::uint64_t tag, std::string* why) {
    // librdkafka takes headers over on success only.
    Headers list;
    if (!headers.empty()) {
        list.reset(rd_kafka_headers_new(headers.size()));
        for (const auto& [name, text] : headers) {
            rd_kafka_header_add(list.get(), name.data(), static_cast<ssize_t>(name.size()),
                                text.data(), static_cast<ssize_t>(text.size()));
        }
    }
    void* const opaque = reinterpret_cast<void*>(static_cast<std::uintptr_t>(tag));
    // An empty key is a key, and a null one is none; librdkafka tells them apart by the pointer.
    void* const key_data =
        key ? const_cast<char*>(key->data() != nullptr ? key->data() : "") : nullptr;
    const std::size_t key_size = key ? key->size() : 0;
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        impl_->handle.get(), RD_KAFKA_V_RKT(impl_->topic(topic)),
        RD_KAFKA_V_PARTITION(partition.value), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key_data, key_size),
        // A null value (no data, not an empty text) is a tombstone.
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_HEADERS(list.get()), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)list.release();
        return Produced::queued;
    }
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Produced::full;
    impl_->look_for_fatal();
    if (why != nullptr) {
        *why = "a record of " + std::to_string(value.size()) + " bytes for " + topic +
               " partition " + std::to_string(partition.value) +
               " cannot be sent: " + rd_kafka_err2str(error);
    }
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? Produced::too_large : Produced::refused;
}

void Producer::poll() {
    rd_kafka_poll(impl_->handle.get(), 0);
    impl_->throw_what_failed();
    impl_->look_for_fatal();
}

bool Producer::flush(int timeout_ms) {
    const rd_kafka_resp_err_t error = rd_kafka_flush(impl_->handle.get(), timeout_ms);
    impl_->throw_what_failed();
    impl_->look_for_fatal();
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

const std::string& Producer::fatal() const { return impl_->fatal; }

}  // namespace foldstream::kafka
