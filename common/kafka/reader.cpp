#include "common/kafka/reader.hpp"

#include <chrono>
#include <memory>

#include "common/kafka/client.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/log_sink.hpp"

namespace foldstream::kafka {

namespace {

constexpr int error_level = 3;
// librdkafka asks for more only below this many fetched ahead, whatever their size.
constexpr std::size_t max_queued_records = 100'000;

rd_kafka_message_t* message(void* held) { return static_cast<rd_kafka_message_t*>(held); }

std::string_view view(const void* data, std::size_t size) {
    if (data == nullptr) return {};
    return {static_cast<const char*>(data), size};
}

ConfigValues reader_values(const ReaderOptions& options) {
    return {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},  // a lost offset must be loud
        {"check.crcs", "true"},
        {"enable.partition.eof", "true"},
        {"fetch.wait.max.ms", std::to_string(options.fetch_wait_max_ms)},
        {"fetch.min.bytes", "1"},
        {"fetch.error.backoff.ms", "20"},
        {"queued.max.messages.kbytes", std::to_string(options.queued_kbytes)},
        {"queued.min.messages", std::to_string(max_queued_records)},
        {"isolation.level", options.read_committed ? "read_committed" : "read_uncommitted"},
        {"statistics.interval.ms", std::to_string(options.statistics_interval_ms)},
    };
}

}  // namespace

Record::Record(Record&& other) noexcept
    : message_(std::exchange(other.message_, nullptr)), keeps_(std::move(other.keeps_)) {}

Record& Record::operator=(Record&& other) noexcept {
    std::swap(message_, other.message_);
    std::swap(keeps_, other.keeps_);
    return *this;
}

Record::~Record() {
    if (message_ != nullptr) rd_kafka_message_destroy(message(message_));
}

Partition Record::partition() const { return Partition(message(message_)->partition); }

Offset Record::offset() const { return Offset(message(message_)->offset); }

std::int64_t Record::append_time_ms() const {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    return rd_kafka_message_timestamp(message(message_), &type);
}

std::optional<std::string_view> Record::key() const {
    const rd_kafka_message_t& held = *message(message_);
    if (held.key == nullptr) return std::nullopt;
    return view(held.key, held.key_len);
}

std::string_view Record::value() const {
    const rd_kafka_message_t& held = *message(message_);
    return view(held.payload, held.len);
}

std::vector<std::pair<std::string_view, std::string_view>> Record::headers() const {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message(message_), &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return all;
    }
    all.reserve(rd_kafka_header_cnt(headers));
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
        all.emplace_back(name, view(value, size));
    }
    return all;
}

// A partition that is started has a queue of its own: dropped with everything in it by stop(), so
// that nothing of an older start can come out of a newer one. (librdkafka's barrier versions throw
// away what is still on its way from the broker.)
struct Reader::Impl {
    std::string name;
    Wakeup* wakeup;
    Handle handle;
    TopicHandle topic;
    std::size_t queued_bytes = 0;  // the bound of what is fetched ahead for each partition

    // One that is started.
    struct Part {
        Queue queue;
        Offset next;  // behind the last record given
        // Given since the queue was empty last.
        std::size_t records = 0;
        std::size_t bytes = 0;
        bool at_end = false;  // the last thing given was the end
        std::optional<Watermarks> watermarks = std::nullopt;
    };
    std::vector<std::optional<Part>> parts;  // by partition
    bool reachable = true;

    // What the queue served just now said of its partition other than by a message: that it, or its
    // topic, does not exist (any more).
    std::optional<std::pair<rd_kafka_resp_err_t, std::string>> said;

    static void on_error(rd_kafka_t*, int error, const char* reason, void* opaque) {
        static_cast<Impl*>(opaque)->said.emplace(static_cast<rd_kafka_resp_err_t>(error), reason);
    }

    // Called inside rd_kafka_poll.
    static int on_statistics(rd_kafka_t*, char* text, std::size_t size, void* opaque) {
        auto& reader = *static_cast<Impl*>(opaque);
        for (const auto& [partition, told] : watermarks_in({text, size}, reader.name)) {
            if (Part* part = reader.part(partition)) part->watermarks = told;
        }
        reader.reachable = any_broker_up({text, size});
        return 0;  // the text stays librdkafka's
    }

    // Errors of brokers: the client gets over them.
    void serve_main() {
        rd_kafka_poll(handle.get(), 0);
        if (!said) return;
        write_log(error_level, "READER", said->second);
        said.reset();
    }

    [[nodiscard]] Part* part(Partition partition) {
        const auto index = static_cast<std::size_t>(partition.value);
        if (partition.value < 0 || index >= parts.size() || !parts[index]) return nullptr;
        return &*parts[index];
    }

    // A full queue puts the fetcher of librdkafka 2.0.2 to sleep, for up to a second, and emptying
    // the queue does not wake it: starting again where we are does.
    [[nodiscard]] bool asleep(const Part& part) const {
        return part.bytes >= queued_bytes || part.records >= max_queued_records;
    }
};

Reader::Reader(const Settings& settings, std::string topic, const ReaderOptions& options,
               Wakeup& wakeup)
    : impl_(std::make_unique<Impl>()) {
    impl_->name = std::move(topic);
    impl_->wakeup = &wakeup;
    impl_->queued_bytes = std::size_t{options.queued_kbytes} * 1024;
    impl_->handle = make_handle(
        RD_KAFKA_CONSUMER, settings, reader_values(options),
        Callbacks{impl_.get(), nullptr, nullptr, &Impl::on_error, &Impl::on_statistics});
    impl_->topic = make_topic(impl_->handle.get(), impl_->name);
}

Reader::~Reader() {
    for (std::size_t i = 0; i < impl_->parts.size(); ++i) {
        stop(Partition(static_cast<std::int32_t>(i)));
    }
}

void Reader::start(Partition partition, Offset offset) {
    const std::string place = impl_->name + " partition " + std::to_string(partition.value);
    if (partition.value < 0 || offset.value < 0) {
        // librdkafka would take -1 for "the end" and -2 for "the beginning".
        throw Error("cannot read " + place + " from offset " + std::to_string(offset.value), false);
    }
    start_at(partition, offset.value);
}

void Reader::start_at_beginning(Partition partition) {
    start_at(partition, RD_KAFKA_OFFSET_BEGINNING);
}

void Reader::start_at(Partition partition, std::int64_t offset) {
    const std::string place = impl_->name + " partition " + std::to_string(partition.value);
    stop(partition);
    const auto index = static_cast<std::size_t>(partition.value);
    if (index >= impl_->parts.size()) impl_->parts.resize(index + 1);
    Queue queue(rd_kafka_queue_new(impl_->handle.get()));
    ring_on(queue.get(), *impl_->wakeup);
    if (rd_kafka_consume_start_queue(impl_->topic.get(), partition.value, offset, queue.get()) !=
        0) {
        throw Error("cannot read " + place + ": " + rd_kafka_err2str(rd_kafka_last_error()), false);
    }
    impl_->parts[index].emplace(Impl::Part{std::move(queue), Offset(offset)});
}

void Reader::stop(Partition partition) {
    if (impl_->part(partition) == nullptr) return;
    // Waits for librdkafka's own thread, never for the broker.
    rd_kafka_consume_stop(impl_->topic.get(), partition.value);
    impl_->parts[static_cast<std::size_t>(partition.value)].reset();
}

std::optional<Fetched> Reader::next(Partition partition) {
    Impl::Part* part = impl_->part(partition);
    if (part == nullptr) return std::nullopt;
    Message held(rd_kafka_consume_queue(part->queue.get(), 0));
    const auto said = std::exchange(impl_->said, std::nullopt);
    if (!held) {
        impl_->serve_main();
        if (said) return Fetched(ended_by(partition, said->first, said->second));
        if (impl_->asleep(*part)) start(partition, part->next);
        part = impl_->part(partition);
        part->bytes = 0;
        part->records = 0;
        return std::nullopt;
    }
    if (held->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        part->next = Offset(held->offset + 1);
        part->bytes += held->len + held->key_len;
        ++part->records;
        part->at_end = false;
        return Fetched(Record(held.release()));
    }
    if (held->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        part->at_end = true;
        return Fetched(EndOfPartition{Offset(held->offset)});
    }
    const std::string reason =
        "at offset " + std::to_string(held->offset) + ": " + rd_kafka_message_errstr(held.get());
    const rd_kafka_resp_err_t code = held->err;
    held.reset();  // it goes before its queue may
    return Fetched(ended_by(partition, code, reason));
}

// librdkafka would go on: skip what it could not read, or report it dozens of times a second.
PartitionError Reader::ended_by(Partition partition, int code, const std::string& reason) {
    const auto kind = static_cast<rd_kafka_resp_err_t>(code);
    PartitionError error;
    error.reason = impl_->name + " partition " + std::to_string(partition.value) + ": " + reason;
    error.out_of_range = kind == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                         kind == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    error.transient = !error.out_of_range && passes_by(kind);
    if (!error.transient) stop(partition);
    return error;
}

std::optional<Watermarks> Reader::watermarks(Partition partition) const {
    const Impl::Part* part = impl_->part(partition);
    return part != nullptr && part->at_end ? part->watermarks : std::nullopt;
}

void Reader::serve() { impl_->serve_main(); }

bool Reader::reachable() const { return impl_->reachable; }

const std::string& Reader::topic() const { return impl_->name; }

// A record pins its client (librdkafka frees both together), so the one that leaves takes the
// client along.
struct SingleFetch {
    Wakeup wakeup;
    Reader reader;

    SingleFetch(const Settings& settings, const std::string& topic)
        : reader(settings, topic, ReaderOptions{false, 1024, 10}, wakeup) {}

    static Record keep(Record record, std::shared_ptr<void> keeps) {
        record.keeps_ = std::move(keeps);
        return record;
    }
};

std::optional<Record> fetch_one(const Settings& settings, const std::string& topic,
                                Partition partition, Offset offset, int timeout_ms) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    auto single = std::make_shared<SingleFetch>(settings, topic);
    single->reader.start(partition, offset);
    for (;;) {
        while (std::optional<Fetched> fetched = single->reader.next(partition)) {
            if (auto* record = std::get_if<Record>(&*fetched)) {
                if (record->offset() != offset) return std::nullopt;
                return SingleFetch::keep(std::move(*record), single);
            }
            if (std::holds_alternative<EndOfPartition>(*fetched)) return std::nullopt;
            const auto& error = std::get<PartitionError>(*fetched);
            if (error.out_of_range) return std::nullopt;
            if (!error.transient) throw Error(error.reason, false);
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) {
            throw Error("no answer from Kafka for " + topic + " partition " +
                            std::to_string(partition.value) + " offset " +
                            std::to_string(offset.value) + " within " + std::to_string(timeout_ms) +
                            " ms (brokers: " + settings.brokers + ")",
                        true);
        }
        single->wakeup.wait(left);
    }
}

}  // namespace foldstream::kafka
