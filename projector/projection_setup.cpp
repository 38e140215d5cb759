// Before a projection can be served: its log, its schema, its generation; and what a session is
// made of.
#include <stdexcept>
#include <utility>

#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/log.hpp"
#include "projector/generation.hpp"
#include "projector/projection_loop.hpp"

namespace foldstream::projector {

namespace {

constexpr std::chrono::seconds pause_before_retry{2};

const runtime::Logger& logger() {
    static const runtime::Logger instance("projection");
    return instance;
}

// Empty when the log is as a projection needs it.
std::string why_not_this_log(kafka::Admin& admin, const std::string& domain,
                             std::int32_t& partitions) {
    const std::string topic = kafka::events_topic(domain);
    const auto state = admin.describe(topic);
    if (!state) return "the Kafka topic " + topic + " does not exist: foldctl topics apply";
    partitions = state->partitions;
    std::string why;
    for (const kafka::TopicSpec& spec : kafka::domain_topics(domain, 0, 0)) {
        if (spec.name != topic) continue;
        for (const std::string& difference : kafka::differences(spec, *state))
            why += (why.empty() ? "" : "; ") + difference;
    }
    return why;
}

}  // namespace

std::optional<ProjectionLoop::Found> ProjectionLoop::wait_until_servable() {
    while (!draining_) {
        std::string why;
        if (auto found = look_around(why)) return found;
        wait_before_trying_again(why);
    }
    return std::nullopt;
}

// Blocks on both servers: nothing is polled yet that could be kept waiting.
std::optional<ProjectionLoop::Found> ProjectionLoop::look_around(std::string& why) {
    Found found;
    try {
        kafka::Admin admin(options_.kafka);
        why = why_not_this_log(admin, domain_.name, found.partitions);
        if (!why.empty()) return std::nullopt;
        postgres::Connection connection(options_.postgres);
        auto generation = find_generation(connection, projection_);
        if (generation) {
            found.generation = std::move(*generation);
            return found;
        }
        why = generation.error();
    } catch (const kafka::Error& error) {
        if (!error.retry()) throw;
        why = error.what();
    } catch (const postgres::Error& error) {
        why = error.what();
    }
    return std::nullopt;
}

void ProjectionLoop::wait_before_trying_again(const std::string& why) {
    logger().warning("waits: " + why, {{"projection", projection_.name}});
    progress_.waits_for(why);
    std::unique_lock lock(mutex_);
    drained_.wait_for(lock, pause_before_retry, [this] { return draining_.load(); });
}

void ProjectionLoop::begin(const Found& found) {
    feed_options_ = {options_.instance, found.partitions, options_.batch_events,
                     options_.flush_interval};
    writer_ = std::make_unique<BatchWriter>(projection_, found.generation, options_.skipped);
    kafka::ReaderOptions reading;
    reading.queued_kbytes = options_.queued_kbytes;
    reader_ = std::make_unique<kafka::Reader>(options_.kafka, topic_, reading, wakeup_);
    const std::string group =
        "foldstream." + projection_.name + ".g" + std::to_string(found.generation.number.value);
    member_ = std::make_unique<kafka::GroupMember>(options_.kafka, group, topic_,
                                                   kafka::GroupOptions{}, wakeup_);
    logger().info("serves", {{"projection", projection_.name},
                             {"generation", std::int64_t{found.generation.number.value}},
                             {"group", group},
                             {"partitions", std::int64_t{found.partitions}}});
}

void ProjectionLoop::end() {
    reader_.reset();
    member_.reset();  // leaves the group: the next one need not wait for the session's end
}

void ProjectionLoop::drain() {
    {
        const std::lock_guard lock(mutex_);
        draining_ = true;
    }
    drained_.notify_all();
    wakeup_.ring();
}

}  // namespace foldstream::projector
