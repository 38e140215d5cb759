#include "bench/orders/sender.hpp"

#include <chrono>
#include <utility>

#include "common/codec/partitioner.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"

namespace foldstream::bench {

namespace {

constexpr std::chrono::milliseconds nap{5};
constexpr int flush_ms = 60'000;

std::int32_t count_of(const kafka::Settings& settings, const std::string& topic) {
    kafka::Admin admin(settings);
    if (const auto partitions = admin.partitions(topic)) return *partitions;
    throw kafka::Error("the Kafka topic " + topic + " does not exist: foldctl topics apply", false);
}

}  // namespace

Sender::Sender(const kafka::Settings& settings, std::string topic, std::uint32_t linger_ms)
    : topic_(std::move(topic)),
      partitions_(count_of(settings, topic_)),
      producer_(
          settings, {topic_}, kafka::ProducerOptions{.linger_ms = linger_ms},
          [this](const kafka::DeliveryReport& report) { reported(report); }, wakeup_) {}

void Sender::send(const PackedCommand& command) {
    send(codec::partition_of(command.key, partitions_), command.key, command.value);
}

void Sender::send(Partition partition, std::string_view key, std::string_view value) {
    std::string why;
    for (;;) {
        const auto produced = producer_.produce(topic_, partition, key, value, {}, sent_, &why);
        if (produced == kafka::Produced::queued) break;
        if (produced != kafka::Produced::full) throw kafka::Error(why, false);
        wakeup_.wait(nap);
        poll();
    }
    ++sent_;
}

void Sender::poll() {
    producer_.poll();
    throw_if_failed();
}

void Sender::flush() {
    const bool all = producer_.flush(flush_ms);
    throw_if_failed();
    if (!all || delivered_ != sent_) {
        throw kafka::Error(std::to_string(sent_ - delivered_) + " records are not delivered", true);
    }
}

void Sender::reported(const kafka::DeliveryReport& report) {
    if (checks_[report.partition].delivered(report.no_error, report.offset)) {
        ++delivered_;
    } else {
        failure_ = report.error.empty() ? "a delivery without an offset" : report.error;
    }
}

void Sender::throw_if_failed() const {
    if (!failure_.empty()) throw kafka::Error("a record was not delivered: " + failure_, false);
}

}  // namespace foldstream::bench
