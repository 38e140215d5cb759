// Reading what was written: counts, bytes, times.
#include <algorithm>
#include <chrono>
#include <limits>
#include <variant>

#include "bench/orders/actions.hpp"
#include "bench/orders/report.hpp"
#include "cli/log_tail.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/topics.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds nap{100};
constexpr std::chrono::seconds silence_limit{10};
constexpr std::int64_t say_every = 20'000;

std::int32_t count_of(const kafka::Settings& settings, const std::string& topic) {
    kafka::Admin admin(settings);
    if (const auto partitions = admin.partitions(topic)) return *partitions;
    throw kafka::Error("the Kafka topic " + topic + " does not exist", false);
}

// What was found, and when the first and the last of it were appended.
struct Found {
    std::int64_t records = 0;
    std::int64_t bytes = 0;
    std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
    std::int64_t last_ms = 0;

    void add(std::string_view value, std::int64_t append_time_ms) {
        ++records;
        bytes += static_cast<std::int64_t>(value.size());
        first_ms = std::min(first_ms, append_time_ms);
        last_ms = std::max(last_ms, append_time_ms);
    }

    [[nodiscard]] Figures figures() const {
        return {{"records", records},
                {"bytes", bytes},
                {"first_ms", records > 0 ? first_ms : 0},
                {"last_ms", last_ms}};
    }
};

// One that says how far it is, now and then.
class Counter {
public:
    void add(std::int64_t more) {
        count_ += more;
        if (count_ < next_) return;
        say_done(count_);
        next_ = count_ + say_every;
    }

private:
    std::int64_t count_ = 0;
    std::int64_t next_ = say_every;
};

// Committed records up to the partition's end, as it is when it is reached.
void read_to_end(kafka::Reader& reader, kafka::Wakeup& wakeup, Partition partition, Found& found,
                 Counter& counter) {
    reader.start_at_beginning(partition);
    auto deadline = Clock::now() + silence_limit;
    for (;;) {
        const auto fetched = reader.next(partition);
        if (!fetched) {
            if (Clock::now() > deadline) {
                throw kafka::Error("Kafka gives nothing of " + reader.topic(), true);
            }
            wakeup.wait(nap);
            continue;
        }
        deadline = Clock::now() + silence_limit;
        if (std::holds_alternative<kafka::EndOfPartition>(*fetched)) return;
        if (const auto* record = std::get_if<kafka::Record>(&*fetched)) {
            found.add(record->value(), record->append_time_ms());
            counter.add(1);
            continue;
        }
        const auto& error = std::get<kafka::PartitionError>(*fetched);
        if (!error.transient) throw kafka::Error(error.reason, false);
    }
}

}  // namespace

void read_log(const kafka::Settings& settings) {
    const std::int32_t partitions = count_of(settings, kafka::events_topic("orders"));
    Found found;
    Counter counter;
    std::int64_t entries = 0;
    std::int64_t decided = 0;
    std::int64_t accepted = 0;
    const auto on_item = [&](const cli::LogTail::Item& item) {
        const auto* valid = std::get_if<replay::ValidEntries>(&item.result);
        if (valid == nullptr) return true;
        std::int64_t commands = 0;
        for (const v1::Entry& entry : valid->body.entries()) {
            ++entries;
            if (!entry.has_command()) continue;
            ++commands;
            if (entry.outcome() == v1::OUTCOME_ACCEPTED) ++accepted;
        }
        decided += commands;
        // Markers are not what commands cost.
        if (commands > 0) found.add(item.record.value(), item.record.append_time_ms());
        counter.add(commands);
        return true;
    };
    cli::LogTail tail(settings, "orders");
    for (Partition partition(0); partition.value < partitions; ++partition.value) {
        tail.open(partition);
        tail.read_to_end(partition, on_item);
    }
    Figures figures = found.figures();
    figures.emplace_back("entries", entries);
    figures.emplace_back("decided", decided);
    figures.emplace_back("accepted", accepted);
    say(figures);
}

void read_topic(const kafka::Settings& settings, const std::string& topic) {
    const std::int32_t partitions = count_of(settings, topic);
    kafka::Wakeup wakeup;
    kafka::Reader reader(settings, topic, kafka::ReaderOptions{.read_committed = true}, wakeup);
    Found found;
    Counter counter;
    for (Partition partition(0); partition.value < partitions; ++partition.value) {
        read_to_end(reader, wakeup, partition, found, counter);
        reader.stop(partition);
    }
    say(found.figures());
}

}  // namespace foldstream::bench
