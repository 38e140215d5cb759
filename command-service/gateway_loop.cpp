#include "command-service/gateway_loop.hpp"

#include <variant>

#include "command-service/gateway_answer.hpp"
#include "common/codec/partitioner.hpp"
#include "common/core/random.hpp"
#include "common/core/uuid.hpp"
#include "common/fold/codes.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::command_service {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds pause_before_retry{2'000};
constexpr milliseconds longest_rest{500};
constexpr milliseconds before_reading_again{1'000};
constexpr milliseconds before_looking_again{10'000};
// A partition that has not taken the oldest record for so long gets no more until it has.
constexpr milliseconds lane_stalls{3'000};
// Longer than the loop's slowest turn, every time-out on its way used up.
constexpr milliseconds loop_stands{120'000};
constexpr std::size_t replies_a_round = 1'000;
constexpr std::uint32_t statistics_interval_ms = 500;
constexpr int last_flush_ms = 1'000;

const std::string replies_topic(kafka::replies_topic);

const runtime::Logger& logger() {
    static const runtime::Logger instance("gateway");
    return instance;
}

std::string fresh_name() {
    KernelRandom random;
    return "gateway-" + Uuid::random(random).text();
}

Offset end_of_replies(kafka::Admin& admin, Partition partition) {
    const auto ends = admin.end_offsets(replies_topic);
    const auto end = ends.find(partition);
    if (end != ends.end()) return end->second;
    throw kafka::Error(replies_topic + " has lost its partition " + std::to_string(partition.value),
                       true);
}

}  // namespace

GatewayLoop::GatewayLoop(kafka::Settings settings, std::vector<std::string> domains,
                         InFlight& in_flight, const GatewayProbe& probe)
    : settings_(std::move(settings)),
      domains_(std::move(domains)),
      in_flight_(in_flight),
      probe_(probe),
      last_round_(steady_clock::now()) {}

GatewayLoop::~GatewayLoop() = default;

void GatewayLoop::run() {
    while (!stopping_) {
        last_round_ = steady_clock::now();
        try {
            connect();
            serve();
        } catch (const kafka::SettingError&) {
            throw;
        } catch (const kafka::Error& error) {
            publish(error.what());
        }
        send_all();  // nothing is sent: their clients hear so
        if (!stopping_) wakeup_.wait(pause_before_retry);
    }
    publish("is draining");
    send_all();
}

void GatewayLoop::serve() {
    while (!stopping_) {
        last_round_ = steady_clock::now();
        send_all();
        producer_->poll();
        if (!producer_->fatal().empty()) throw kafka::Error(producer_->fatal(), true);
        const bool more = read_replies();
        reader_->serve();
        publish(reader_->reachable() ? reply_trouble_ : "Kafka cannot be reached");
        look_for_topics();
        if (!more) wakeup_.wait(longest_rest);
    }
    send_all();
    producer_->flush(last_flush_ms);
}

// The reader stays over a loss of the producer: replies to what that one sent may still come.
void GatewayLoop::connect() {
    kafka::Admin admin(settings_);
    std::map<std::string, std::int32_t> partitions;
    std::vector<std::string> topics;
    for (const std::string& domain : domains_) {
        const auto count = admin.partitions(kafka::commands_topic(domain));
        if (!count) continue;
        partitions[domain] = *count;
        topics.push_back(kafka::commands_topic(domain));
    }
    if (!reader_) connect_reader();
    lanes_.clear();
    producer_ = std::make_unique<kafka::Producer>(
        settings_, topics, kafka::ProducerOptions{},
        [this](const kafka::DeliveryReport& report) { on_delivery(report); }, wakeup_);
    look_again_at_ = steady_clock::now() + before_looking_again;
    const std::lock_guard lock(mutex_);
    partitions_ = std::move(partitions);
}

// From where the partition ends now, before anything is sent.
void GatewayLoop::connect_reader() {
    kafka::Admin admin(settings_);
    const auto replies = admin.partitions(replies_topic);
    if (!replies) {
        throw kafka::Error(
            "the Kafka topic " + replies_topic + " does not exist: foldctl topics apply", true);
    }
    box_ = ReplyBox(fresh_name(), *replies);
    kafka::ReaderOptions options;
    options.statistics_interval_ms = statistics_interval_ms;
    auto reader = std::make_unique<kafka::Reader>(settings_, replies_topic, options, wakeup_);
    reader->start(box_.partition(), end_of_replies(admin, box_.partition()));
    reader_ = std::move(reader);
    reply_trouble_.clear();
}

// A domain whose topics are made later is served from then on.
void GatewayLoop::look_for_topics() {
    if (steady_clock::now() < look_again_at_ || !reader_->reachable()) return;
    look_again_at_ = steady_clock::now() + before_looking_again;
    std::map<std::string, std::int32_t> found;
    {
        const std::lock_guard lock(mutex_);
        if (partitions_.size() == domains_.size()) return;
        found = partitions_;
    }
    try {
        kafka::Admin admin(settings_);
        for (const std::string& domain : domains_) {
            if (found.contains(domain)) continue;
            const auto count = admin.partitions(kafka::commands_topic(domain));
            if (count) found[domain] = *count;
        }
    } catch (const kafka::Error& error) {
        logger().warning(error.what());
    }
    const std::lock_guard lock(mutex_);
    partitions_ = std::move(found);
}

bool GatewayLoop::can_send(const std::string& domain) const {
    const std::lock_guard lock(mutex_);
    return trouble_.empty() && partitions_.contains(domain);
}

std::optional<std::int32_t> GatewayLoop::partitions_of(const std::string& domain) const {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(domain);
    if (!trouble_.empty() || found == partitions_.end()) return std::nullopt;
    return found->second;
}

void GatewayLoop::send(Ticket ticket, PackedCommand packed) {
    {
        const std::lock_guard lock(mutex_);
        outgoing_.push_back({ticket, std::move(packed)});
    }
    wakeup_.ring();
}

void GatewayLoop::send_all() {
    std::vector<Outgoing> outgoing;
    {
        const std::lock_guard lock(mutex_);
        outgoing.swap(outgoing_);
    }
    for (Outgoing& one : outgoing) send_one(std::move(one));
}

void GatewayLoop::send_one(Outgoing outgoing) {
    const Ticket ticket = outgoing.ticket;
    PackedCommand& packed = outgoing.packed;
    const auto partitions = partitions_of(packed.domain->name);
    if (!partitions) return answer(ticket, unavailable_answer());
    const std::string topic = kafka::commands_topic(packed.domain->name);
    const Partition partition = codec::partition_of(packed.key, *partitions);
    Lane& lane = lanes_[{topic, partition}];
    const auto now = steady_clock::now();
    if (!lane.unreported.empty() && now - lane.unreported.front() > lane_stalls) {
        return answer(ticket, unavailable_answer());
    }
    const auto wish = in_flight_.sending(ticket);
    if (!wish) return;
    if (*wish != Wish::delivery) *packed.command.mutable_reply() = box_.address(ticket);
    const std::string value = packed.command.SerializeAsString();
    std::string why;
    switch (producer_->produce(topic, partition, packed.key, value, {}, ticket, &why)) {
        case kafka::Produced::queued:
            lane.unreported.push_back(now);
            return;
        case kafka::Produced::full:
            return answer(ticket, unavailable_answer());
        case kafka::Produced::too_large:
            return answer(ticket, too_large_answer("the command is too large for Kafka"));
        case kafka::Produced::refused:
            logger().error(why);
            return answer(ticket, unavailable_answer());
    }
}

void GatewayLoop::on_delivery(const kafka::DeliveryReport& report) {
    const Ticket ticket = report.tag;
    Lane& lane = lanes_[{std::string(report.topic), report.partition}];
    if (!lane.unreported.empty()) lane.unreported.pop_front();
    if (lane.check.delivered(report.no_error, report.offset)) {
        if (auto waiting = in_flight_.delivered(ticket)) {
            waiting->respond(pending_answer(waiting->command_id));
        }
        return;
    }
    probe_.unproved().Increment();
    logger().warning("a delivery is not proved", {{"error", report.error}});
    if (report.never) return answer(ticket, too_large_answer("Kafka does not take the command"));
    // Its reply may come all the same: who waits for the outcome goes on waiting.
    if (auto waiting = in_flight_.unproved(ticket)) {
        waiting->respond(unknown_answer(waiting->command_id, "the delivery is not proved"));
    }
}

// True: there may be more.
bool GatewayLoop::read_replies() {
    if (!reply_trouble_.empty()) {
        read_again();
        return false;
    }
    for (std::size_t i = 0; i < replies_a_round; ++i) {
        const auto fetched = reader_->next(box_.partition());
        if (!fetched) return false;
        if (const auto* record = std::get_if<kafka::Record>(&*fetched)) on_reply(*record);
        const auto* error = std::get_if<kafka::PartitionError>(&*fetched);
        if (error == nullptr || error->transient) continue;
        logger().warning("replies cannot be read", {{"error", error->reason}});
        reply_trouble_ = error->reason;
        read_again_at_ = steady_clock::now() + before_reading_again;
        return false;
    }
    return true;
}

// From the end: replies are best effort, and who has missed one hears that its outcome is unknown.
void GatewayLoop::read_again() {
    if (steady_clock::now() < read_again_at_) return;
    read_again_at_ = steady_clock::now() + before_reading_again;
    try {
        kafka::Admin admin(settings_);
        reader_->start(box_.partition(), end_of_replies(admin, box_.partition()));
        reply_trouble_.clear();
    } catch (const kafka::Error& error) {
        reply_trouble_ = error.what();
    }
}

void GatewayLoop::on_reply(const kafka::Record& record) {
    const Ticket ticket = box_.ticket_of(record.key().value_or(""));
    if (ticket == 0) return probe_.foreign().Increment();
    v1::CommandOutcome outcome;
    const std::string_view value = record.value();
    if (!outcome.ParseFromArray(value.data(), static_cast<int>(value.size()))) return;
    if (!fold::is_final(outcome.status())) return;
    // Any sender can ask for its own reply under this name.
    auto waiting = in_flight_.take(ticket, outcome.command_id());
    if (!waiting) return probe_.late().Increment();
    probe_.matched().Increment();
    waiting->respond(answer_of(outcome, waiting->if_match));
}

void GatewayLoop::answer(Ticket ticket, http::Response response) {
    if (auto waiting = in_flight_.take(ticket)) waiting->respond(std::move(response));
}

void GatewayLoop::publish(const std::string& trouble) {
    const std::lock_guard lock(mutex_);
    if (trouble_ == trouble) return;
    trouble_ = trouble;
    if (!trouble.empty()) logger().warning("takes no commands: " + trouble);
    if (trouble.empty()) logger().info("takes commands");
}

void GatewayLoop::stop() {
    stopping_ = true;
    wakeup_.ring();
}

std::string GatewayLoop::why_not_alive() const {
    const auto stands = steady_clock::now() - last_round_.load();
    return stands < loop_stands ? std::string() : "does not come round";
}

std::string GatewayLoop::why_not_ready() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
}

}  // namespace foldstream::command_service
