#include "cli/dispatch.hpp"

#include <chrono>
#include <ostream>
#include <utility>

#include "cli/checkpoints.hpp"
#include "cli/topic_writer.hpp"
#include "common/core/random.hpp"
#include "common/core/uuid.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::cli {

std::int32_t partitions_of(const Connections& connections, const std::string& topic) {
    const auto count = kafka::Admin(connections.kafka).partitions(topic);
    if (!count) {
        throw kafka::Error("the Kafka topic " + topic + " does not exist: foldctl topics apply",
                           false);
    }
    return *count;
}

Partition checked_partition(const std::string& domain, std::int32_t partition,
                            std::int32_t partitions) {
    if (partition >= 0 && partition < partitions) return Partition(partition);
    throw UsageError(domain + " has no partition " + std::to_string(partition) + ": it has 0 to " +
                     std::to_string(partitions - 1));
}

LogStart start_of(const Connections& connections, const Console& console, const std::string& domain,
                  Partition partition) {
    if (connections.postgres_url.empty()) return {};
    try {
        postgres::Connection connection(reading_settings(connections.postgres_url));
        return furthest_place(connection, domain, partition).value_or(LogStart{});
    } catch (const postgres::Error& error) {
        console.err << "foldctl: reading the log from its start, because Postgres: " << error.what()
                    << '\n';
        return {};
    }
}

std::string random_id() {
    KernelRandom random;
    return Uuid::random(random).text();
}

Dispatch::Dispatch(const Connections& connections, const Console& console,
                   const std::string& domain, Partition partition, std::uint32_t wait_seconds)
    : Dispatch(connections, console, domain, partition,
               wait_seconds > 0 ? start_of(connections, console, domain, partition) : LogStart{},
               wait_seconds, {}) {}

Dispatch::Dispatch(const Connections& connections, const Console& console,
                   const std::string& domain, Partition partition, const LogStart& start,
                   std::uint32_t wait_seconds, OutcomeWatch::OnEntry on_entry)
    : connections_(connections), wait_seconds_(wait_seconds) {
    if (wait_seconds == 0) return;
    watch_ = std::make_unique<OutcomeWatch>(connections.kafka, domain, partition, start,
                                            std::move(on_entry));
    try {
        Progress progress(console, "reading " + kafka::events_topic(domain) + " partition " +
                                       std::to_string(partition.value));
        watch_->catch_up(&progress);
    } catch (const kafka::Error& error) {
        throw kafka::Error(
            std::string(error.what()) +
                " (nothing was sent; --wait 0 sends without looking for the outcome)",
            error.retry());
    }
}

Dispatched Dispatch::send(const CommandToSend& record) {
    Dispatched made;
    TopicWriter writer(connections_.kafka, record.topic, record.partition);
    std::optional<std::string_view> key;
    if (!record.key.empty()) key = record.key;
    writer.write(key, record.value, record.headers);
    made.offset = writer.prove();
    if (made.offset && watch_) {
        made.entry = watch_->wait_for(*made.offset, std::chrono::seconds(wait_seconds_));
    }
    return made;
}

Answer Dispatch::answer(const Dispatched& dispatched, const CommandToSend& record,
                        const std::string& command_id) {
    if (!dispatched.offset) {
        return unknown_answer(command_id,
                              "the delivery is not proved: send it again with --id " + command_id);
    }
    if (!watch_) {
        return pending_answer(command_id, record.topic, record.partition, *dispatched.offset);
    }
    if (!dispatched.entry) {
        return unknown_answer(command_id, "no outcome within " + std::to_string(wait_seconds_) +
                                              " s: is the command-service running? (--wait)");
    }
    PlacedEntry placed = *dispatched.entry;
    if (placed.entry.command_id().empty()) {
        placed.entry.set_command_id(command_id);  // found by its place
    }
    if (placed.entry.outcome() != v1::OUTCOME_DUPLICATE) {
        return answer_of(*record.domain, placed, false);
    }
    const PlacedEntry first = entry_at(connections_.kafka, record.domain->name, record.partition,
                                       Sequence(placed.entry.first()));
    return answer_of(*record.domain, first, true);
}

}  // namespace foldstream::cli
