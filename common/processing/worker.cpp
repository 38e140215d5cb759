#include "common/processing/worker.hpp"

#include <stdexcept>
#include <utility>
#include <variant>

#include "common/kafka/group_member.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/wakeup.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_wait = 50ms;
constexpr auto drain_limit = 10s;
constexpr auto commit_interval = 5s;
constexpr auto round_limit = 30s;

const runtime::Logger& logger() {
    static const runtime::Logger instance("worker");
    return instance;
}

Broken broken(const kafka::PartitionError& error) {
    return {error.reason, error.out_of_range, error.transient};
}

replay::LogRecord view_of(const kafka::Record& record, const kafka::Reader& /*reader*/,
                          replay::LogRecord /*what*/) {
    return {record.offset(), record.append_time_ms(), record.value()};
}

fold::RawCommand view_of(const kafka::Record& record, const kafka::Reader& reader,
                         fold::RawCommand raw) {
    raw.topic = reader.topic();
    raw.partition = record.partition();
    raw.offset = record.offset();
    raw.append_time_ms = record.append_time_ms();
    raw.key = record.key();
    raw.value = record.value();
    raw.headers = record.headers();
    return raw;
}

// One partition of a Reader behind a source's port; What is the port's view of a record.
template <typename Port, typename Read, typename What>
class KafkaSource final : public Port {
public:
    KafkaSource(kafka::Reader& reader, Partition partition)
        : reader_(reader), partition_(partition) {}
    void start(Offset offset) override { reader_.start(partition_, offset); }
    void stop() override { reader_.stop(partition_); }
    std::optional<Read> next() override {
        fetched_ = reader_.next(partition_);
        if (!fetched_) return std::nullopt;
        if (const auto* end = std::get_if<kafka::EndOfPartition>(&*fetched_))
            return End{end->offset};
        if (const auto* error = std::get_if<kafka::PartitionError>(&*fetched_))
            return broken(*error);
        return view_of(std::get<kafka::Record>(*fetched_), reader_, What{});
    }

private:
    kafka::Reader& reader_;
    Partition partition_;
    std::optional<kafka::Fetched> fetched_;  // what the views of the last answer point into
};

using KafkaLogSource = KafkaSource<LogSource, LogRead, replay::LogRecord>;
using KafkaCommandSource = KafkaSource<CommandSource, CommandRead, fold::RawCommand>;

class KafkaLogSink final : public LogSink {
public:
    KafkaLogSink(std::unique_ptr<kafka::Producer>& producer, std::string topic, Partition partition)
        : producer_(producer), topic_(std::move(topic)), partition_(partition) {}
    Sent send(std::string_view value, std::uint64_t tag) override {
        std::string why;
        switch (producer_->produce(topic_, partition_, std::nullopt, value, {}, tag, &why)) {
            case kafka::Produced::queued:
                return Sent::queued;
            case kafka::Produced::full:
                return Sent::full;
            case kafka::Produced::refused:
                logger().error("the producer refused a record of the log: " + why);
                return Sent::refused;
        }
        return Sent::refused;
    }

private:
    std::unique_ptr<kafka::Producer>& producer_;  // replaced after a fatal error
    std::string topic_;
    Partition partition_;
};

// Counts what has become final. (Replies to senders join here.)
class CountedOutcomes final : public Outcomes {
public:
    CountedOutcomes(OwnerProbe& probe, const Clock& clock) : probe_(probe), clock_(clock) {}
    void final(const v1::Entry& entry, Sequence /*sequence*/) override {
        if (!entry.has_command()) return;
        const std::int64_t ms = clock_.wall_ms() - entry.command().append_time_ms();
        probe_.outcome(entry, static_cast<double>(ms) / 1000.0);
    }

private:
    OwnerProbe& probe_;
    const Clock& clock_;
};

}  // namespace

struct Worker::Kafka {
    kafka::Wakeup wakeup;
    std::unique_ptr<kafka::Producer> log_producer;
    std::unique_ptr<kafka::Reader> commands;
    std::unique_ptr<kafka::Reader> log;
    std::unique_ptr<kafka::GroupMember> group;
};

// One partition's owner and its ends of the ports.
struct Worker::Seat {
    Seat(Worker& worker, Partition partition)
        : log(*worker.kafka_->log, partition),
          commands(*worker.kafka_->commands, partition),
          sink(worker.kafka_->log_producer, worker.options_.domain->name + ".events", partition),
          probe(worker.metrics_, worker.options_.domain->name, partition),
          outcomes(probe, worker.clock_),
          owner(
              {worker.options_.domain, partition, worker.options_.partitions, worker.options_.name},
              worker.options_.limits,
              {log, commands, sink, outcomes, worker.clock_, worker.random_},
              worker.store_.open(worker.options_.domain->name, partition,
                                 worker.options_.domain->evolve_version),
              probe) {}

    KafkaLogSource log;
    KafkaCommandSource commands;
    KafkaLogSink sink;
    OwnerProbe probe;
    CountedOutcomes outcomes;
    Owner owner;
};

Worker::Worker(WorkerOptions options, store::Store& store, runtime::Metrics& metrics)
    : options_(std::move(options)), store_(store), metrics_(metrics) {
    last_round_ = clock_.steady();
}

Worker::~Worker() = default;

Worker::Seat& Worker::seat(Partition partition) {
    auto& seat = seats_[partition];
    if (!seat) seat = std::make_unique<Seat>(*this, partition);
    return *seat;
}

void Worker::run() {
    const std::string& domain = options_.domain->name;
    kafka_ = std::make_unique<Kafka>();
    kafka::ReaderOptions reading;
    reading.queued_kbytes = options_.queued_kbytes;
    kafka_->log = std::make_unique<kafka::Reader>(options_.kafka, domain + ".events", reading,
                                                  kafka_->wakeup);
    reading.read_committed = true;
    kafka_->commands = std::make_unique<kafka::Reader>(options_.kafka, domain + ".commands",
                                                       reading, kafka_->wakeup);
    keep_producer();
    kafka_->group = std::make_unique<kafka::GroupMember>(
        options_.kafka, "foldstream." + domain + ".owner", domain + ".commands",
        kafka::GroupOptions{}, kafka_->wakeup);

    std::optional<std::chrono::steady_clock::time_point> drain_until;
    while (!drain_until || (!all_idle() && clock_.steady() < *drain_until)) {
        if (draining_ && !drain_until) {
            drain_until = clock_.steady() + drain_limit;
            for (auto& [partition, seat] : seats_) seat->owner.drain();
        }
        follow_assignment();
        keep_producer();
        if (!work()) kafka_->wakeup.wait(longest_wait);
        commit_for_lag_tools();
        publish();
    }
    seats_.clear();
    kafka_.reset();
}

void Worker::follow_assignment() {
    if (!kafka_->group->poll() || draining_) return;
    const auto& assigned = kafka_->group->assigned();
    for (const Partition partition : assigned) {
        if (partition.value >= options_.partitions) {
            throw std::runtime_error(options_.domain->name + ".commands has a partition " +
                                     std::to_string(partition.value) + " and had " +
                                     std::to_string(options_.partitions) +
                                     " partitions: a domain's partition count is fixed for ever");
        }
        Owner& owner = seat(partition).owner;
        if (!owner.assigned()) owner.assign();
    }
    for (auto& [partition, seat] : seats_) {
        if (seat->owner.assigned() && !assigned.contains(partition)) seat->owner.revoke();
    }
    logger().info("assignment", {{"domain", options_.domain->name},
                                 {"partitions", std::uint64_t{assigned.size()}}});
}

bool Worker::work() {
    kafka_->log_producer->poll();
    bool worked = false;
    for (auto& [partition, seat] : seats_) {
        if (seat->owner.step()) worked = true;
    }
    return worked;
}

void Worker::keep_producer() {
    auto& producer = kafka_->log_producer;
    if (producer && producer->fatal().empty()) return;
    if (producer) {
        logger().error("the log's producer had a fatal error and is replaced: " +
                       producer->fatal());
        for (auto& [partition, seat] : seats_) seat->owner.producer_lost();
    }
    const auto report = [this](const kafka::DeliveryReport& delivered) {
        const auto found = seats_.find(delivered.partition);
        if (found != seats_.end()) found->second->owner.delivery(delivered);
    };
    producer = std::make_unique<kafka::Producer>(
        options_.kafka, std::vector<std::string>{options_.domain->name + ".events"},
        kafka::ProducerOptions{}, report, kafka_->wakeup);
}

void Worker::commit_for_lag_tools() {
    if (clock_.steady() < next_commit_) return;
    next_commit_ = clock_.steady() + commit_interval;
    std::map<Partition, Offset> next;
    for (const auto& [partition, seat] : seats_) {
        if (seat->owner.state() != OwnerState::owning) continue;
        next.emplace(partition, Offset(static_cast<std::int64_t>(seat->owner.next_offset())));
    }
    if (!next.empty()) kafka_->group->commit(next);
}

bool Worker::all_idle() const {
    for (const auto& [partition, seat] : seats_) {
        const OwnerState state = seat->owner.state();
        if (state != OwnerState::idle && state != OwnerState::stopped) return false;
    }
    return true;
}

void Worker::publish() {
    last_round_ = clock_.steady();
    std::string reason;
    if (draining_) {
        reason = "is draining";
    } else if (!kafka_->group->joined()) {
        reason = "has not joined the group yet";
    }
    for (const auto& [partition, seat] : seats_) {
        const Owner& owner = seat->owner;
        if (draining_ || !owner.assigned() || owner.state() == OwnerState::owning) continue;
        reason = options_.domain->name + " partition " + std::to_string(partition.value) + " is " +
                 std::string(name(owner.state()));
        if (!owner.reason().empty()) reason += ": " + owner.reason();
    }
    const std::lock_guard lock(mutex_);
    not_ready_ = std::move(reason);
}

std::string Worker::why_not_alive() const {
    const auto silent = clock_.steady() - last_round_.load();
    if (silent < round_limit) return {};
    return "the worker of " + options_.domain->name + " has not moved for " +
           std::to_string(std::chrono::duration_cast<std::chrono::seconds>(silent).count()) + " s";
}

std::string Worker::why_not_ready() const {
    const std::lock_guard lock(mutex_);
    return not_ready_;
}

}  // namespace foldstream::processing
