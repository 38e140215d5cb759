#include "common/processing/worker.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

#include "common/core/test_hooks.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/topics.hpp"
#include "common/kafka/wakeup.hpp"
#include "common/processing/decide_watchdog.hpp"
#include "common/processing/kafka_ports.hpp"
#include "common/processing/stable_offset_watch.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_wait = 50ms;
constexpr auto turn_wait = 1ms;
constexpr auto drain_limit = 10s;
constexpr auto commit_interval = 5s;
constexpr auto round_limit = 30s;
constexpr std::uint32_t statistics_interval_ms = 1000;
constexpr int reply_flush_ms = 500;

const runtime::Logger& logger() {
    static const runtime::Logger instance("worker");
    return instance;
}

// Counts what has become final.
class CountedOutcomes final : public Outcomes {
public:
    CountedOutcomes(OwnerProbe& probe, const Clock& clock) : probe_(probe), clock_(clock) {}
    void final(const DecidedRecord& record) override {
        const std::int64_t now_ms = clock_.wall_ms();
        for (const DecidedEntry& entry : record.entries) {
            if (!entry.command) continue;
            const std::int64_t ms = now_ms - entry.command->append_time_ms;
            probe_.outcome(entry.command_type, entry.outcome, static_cast<double>(ms) / 1000.0);
        }
    }

private:
    OwnerProbe& probe_;
    const Clock& clock_;
};

}  // namespace

struct Worker::Kafka {
    kafka::Wakeup wakeup;
    // Made at start and kept: another instance may be fenced by nobody while the first one's
    // records are still on their way.
    std::unique_ptr<kafka::Producer> log_producer;
    std::unique_ptr<kafka::Producer> snapshot_producer;
    std::unique_ptr<kafka::Producer> reply_producer;
    std::unique_ptr<kafka::Reader> commands;
    std::unique_ptr<kafka::Reader> log;
    std::unique_ptr<kafka::Reader> snapshots;
    std::unique_ptr<kafka::GroupMember> group;
    std::unique_ptr<KafkaReplies> replies;
    std::unique_ptr<DecideWatchdog> watchdog;
};

// One partition's owner and its ends of the ports.
struct Worker::Seat {
    Seat(Worker& worker, Partition partition, std::unique_ptr<store::PartitionStore> opened)
        : log(*worker.kafka_->log, partition),
          commands(*worker.kafka_->commands, partition, worker.kafka_->group),
          snapshots(*worker.kafka_->snapshots, partition, worker.options_.kafka),
          sink(worker.kafka_->log_producer, kafka::events_topic(worker.options_.domain->name),
               partition),
          snapshot_sink(worker.kafka_->snapshot_producer,
                        kafka::snapshots_topic(worker.options_.domain->name), partition),
          probe(worker.metrics_, worker.options_.domain->name, partition),
          outcomes(probe, worker.clock_),
          owner(
              {worker.options_.domain, partition, worker.options_.partitions, worker.options_.name},
              worker.options_.limits,
              {log, commands, sink, snapshots, snapshot_sink, outcomes, *worker.kafka_->replies,
               worker.clock_, worker.random_, worker.kafka_->watchdog.get(),
               &worker.memories_.turn()},
              std::move(opened), worker.memories_.of(worker.options_.domain->name, partition),
              probe) {}

    KafkaLogSource log;
    KafkaCommandSource commands;
    KafkaSnapshotSource snapshots;
    KafkaLogSink sink;
    KafkaSnapshotSink snapshot_sink;
    OwnerProbe probe;
    CountedOutcomes outcomes;
    StableOffsetWatch stable_offset;
    Owner owner;
};

Worker::Worker(WorkerOptions options, store::Store& store, OwnerMemories& memories,
               runtime::Metrics& metrics)
    : options_(std::move(options)), store_(store), memories_(memories), metrics_(metrics) {
    last_round_ = clock_.steady();
}

Worker::~Worker() = default;

void Worker::connect() {
    const std::string& domain = options_.domain->name;
    kafka_ = std::make_unique<Kafka>();
    kafka::ReaderOptions reading;
    reading.queued_kbytes = options_.queued_kbytes;
    kafka_->log = std::make_unique<kafka::Reader>(options_.kafka, kafka::events_topic(domain),
                                                  reading, kafka_->wakeup);
    kafka_->snapshots = std::make_unique<kafka::Reader>(
        options_.kafka, kafka::snapshots_topic(domain), reading, kafka_->wakeup);
    reading.read_committed = true;
    reading.statistics_interval_ms = statistics_interval_ms;
    kafka_->commands = std::make_unique<kafka::Reader>(
        options_.kafka, kafka::commands_topic(domain), reading, kafka_->wakeup);
    const auto partitions =
        kafka::Admin(options_.kafka).partitions(std::string(kafka::replies_topic));
    replies_partitions_ = partitions.value_or(0);
    if (!partitions) {
        logger().warning("nobody gets a reply: the Kafka topic " +
                         std::string(kafka::replies_topic) +
                         " does not exist: foldctl topics apply");
    }
    keep_producers();
    kafka_->replies =
        std::make_unique<KafkaReplies>(kafka_->reply_producer, replies_partitions_, metrics_);
    kafka_->watchdog = std::make_unique<DecideWatchdog>(domain, options_.decide_budget);
    kafka_->group = std::make_unique<kafka::GroupMember>(
        options_.kafka, "foldstream." + domain + ".owner", kafka::commands_topic(domain),
        kafka::GroupOptions{}, kafka_->wakeup);
}

void Worker::run() {
    connect();
    std::optional<std::chrono::steady_clock::time_point> drain_until;
    while (!drain_until || (!all_idle() && clock_.steady() < *drain_until)) {
        if (draining_ && !drain_until) {
            drain_until = clock_.steady() + drain_limit;
            for (auto& [partition, seat] : seats_) seat->owner.drain();
        }
        follow_assignment();
        keep_producers();
        if (!work()) kafka_->wakeup.wait(waits_for_turn() ? turn_wait : longest_wait);
        commit_for_lag_tools();
        watch_transactions();
        publish();
    }
    // Replies to what was answered last; snapshots are begun again by the next owner.
    if (kafka_->reply_producer) kafka_->reply_producer->flush(reply_flush_ms);
    seats_.clear();
    kafka_.reset();
}

void Worker::follow_assignment() {
    const bool changed = kafka_->group->poll();
    if (draining_) return;
    if (changed) assignment_changed();
    // A partition whose store another worker of this process still has open is taken when it ends.
    for (const Partition partition : wanted_) {
        auto found = seats_.find(partition);
        if (found == seats_.end()) {
            auto opened =
                store_.open(options_.domain->name, partition, options_.domain->evolve_version);
            if (!opened) continue;
            auto seat = std::make_unique<Seat>(*this, partition, std::move(opened));
            found = seats_.emplace(partition, std::move(seat)).first;
        }
        if (!found->second->owner.assigned()) found->second->owner.assign();
    }
    std::erase_if(seats_, [&](const auto& at) {
        const Owner& owner = at.second->owner;
        const bool ended = !owner.assigned() && (owner.state() == OwnerState::idle ||
                                                 owner.state() == OwnerState::stopped);
        if (ended) at.second->probe.left();
        return ended;
    });
}

void Worker::assignment_changed() {
    wanted_ = kafka_->group->assigned();
    if (test_hooks::forced_assignment()) {
        for (std::int32_t p = 0; p < options_.partitions; ++p) wanted_.insert(Partition(p));
    }
    for (const Partition partition : wanted_) {
        if (partition.value < options_.partitions) continue;
        throw std::runtime_error(options_.domain->name + ".commands has a partition " +
                                 std::to_string(partition.value) + " and had " +
                                 std::to_string(options_.partitions) +
                                 " partitions: a domain's partition count is fixed for ever (take "
                                 "its commands to a new topic, make all topics of the domain anew "
                                 "with that count, and start again)");
    }
    for (auto& [partition, seat] : seats_) {
        if (seat->owner.assigned() && !wanted_.contains(partition)) seat->owner.revoke();
    }
    logger().info("assignment", {{"domain", options_.domain->name},
                                 {"partitions", std::uint64_t{wanted_.size()}}});
}

bool Worker::work() {
    kafka_->log_producer->poll();
    kafka_->snapshot_producer->poll();
    if (kafka_->reply_producer) kafka_->reply_producer->poll();
    bool worked = false;
    for (auto& [partition, seat] : seats_) {
        if (seat->owner.step()) worked = true;
    }
    return worked;
}

bool Worker::waits_for_turn() const {
    return std::any_of(seats_.begin(), seats_.end(),
                       [](const auto& at) { return at.second->owner.waits_for_turn(); });
}

void Worker::keep_producers() {
    const std::string& domain = options_.domain->name;
    const auto to_owner = [this](void (Owner::*report)(const kafka::DeliveryReport&)) {
        return [this, report](const kafka::DeliveryReport& delivered) {
            const auto found = seats_.find(delivered.partition);
            if (found != seats_.end()) (found->second->owner.*report)(delivered);
        };
    };
    keep(kafka_->log_producer, kafka::events_topic(domain), to_owner(&Owner::delivery),
         &Owner::producer_lost);
    keep(kafka_->snapshot_producer, kafka::snapshots_topic(domain),
         to_owner(&Owner::snapshot_delivery), &Owner::snapshot_producer_lost);
    if (replies_partitions_ > 0) {
        keep(
            kafka_->reply_producer, std::string(kafka::replies_topic),
            [](const kafka::DeliveryReport&) {}, nullptr);
    }
}

// Makes it, or replaces one that is beyond use: its owners claim first.
void Worker::keep(std::unique_ptr<kafka::Producer>& producer, const std::string& topic,
                  const kafka::Producer::Report& report, void (Owner::*lost)()) {
    if (producer && producer->fatal().empty()) return;
    if (producer) {
        logger().error("the producer of " + topic +
                       " had a fatal error and is replaced: " + producer->fatal());
        for (auto& [partition, seat] : seats_) {
            if (lost != nullptr) (seat->owner.*lost)();
        }
    }
    producer = std::make_unique<kafka::Producer>(options_.kafka, std::vector<std::string>{topic},
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

// Somebody else's transaction in the commands topic: a reader of what is committed waits for its
// end, and so does every command behind it.
void Worker::watch_transactions() {
    kafka_->commands->serve();
    for (auto& [partition, seat] : seats_) {
        const auto told = kafka_->commands->watermarks(partition);
        const auto look = seat->stable_offset.look(told, clock_.steady());
        seat->probe.held_back(look.held);
        if (!look.warn) continue;
        logger().warning(
            "a transaction that is left open holds back the commands: whoever sends in "
            "transactions must end them",
            {{"domain", options_.domain->name},
             {"partition", std::int64_t{partition.value}},
             {"last_stable_offset", told->stable.value},
             {"high_watermark", told->high.value},
             {"seconds",
              std::int64_t{std::chrono::duration_cast<std::chrono::seconds>(look.held).count()}}});
    }
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
    if (!draining_ && seats_.size() < wanted_.size()) {
        reason = options_.domain->name + ": a partition is still open in another worker";
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
