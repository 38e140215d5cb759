#include "cli/snapshot_scan.hpp"

#include <chrono>
#include <variant>

#include "cli/progress.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/topics.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::cli {

namespace {

constexpr std::uint32_t queued_kbytes = 8 * 1024;
constexpr std::chrono::milliseconds nap{100};
constexpr std::chrono::seconds silence_limit{10};

}  // namespace

void scan_snapshots(const Connections& connections, const Console& console,
                    const std::string& domain, Partition partition,
                    const std::function<void(const processing::SnapshotRecord&)>& on_record) {
    using Clock = std::chrono::steady_clock;
    const std::string topic = kafka::snapshots_topic(domain);
    const std::string where = topic + " partition " + std::to_string(partition.value);
    kafka::Wakeup wakeup;
    kafka::Reader reader(connections.kafka, topic, kafka::ReaderOptions{false, queued_kbytes, 10},
                         wakeup);
    Progress progress(console, "reading " + where);
    reader.start_at_beginning(partition);
    auto deadline = Clock::now() + silence_limit;
    for (;;) {
        while (auto fetched = reader.next(partition)) {
            if (std::holds_alternative<kafka::EndOfPartition>(*fetched)) return;
            if (const auto* error = std::get_if<kafka::PartitionError>(&*fetched)) {
                if (error->transient) continue;
                throw kafka::Error("cannot read " + where + ": " + error->reason, false);
            }
            deadline = Clock::now() + silence_limit;
            const auto& record = std::get<kafka::Record>(*fetched);
            progress.at(record.offset().value);
            on_record({record.offset(), record.key().value_or(""), record.value()});
        }
        if (Clock::now() > deadline) {
            throw kafka::Error(
                "Kafka gives nothing of " + where + " (brokers: " + connections.kafka.brokers + ")",
                true);
        }
        wakeup.wait(nap);
    }
}

}  // namespace foldstream::cli
