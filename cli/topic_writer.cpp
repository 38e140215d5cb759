#include "cli/topic_writer.hpp"

#include <chrono>
#include <cstdint>

#include "common/kafka/error.hpp"

namespace foldstream::cli {

namespace {

constexpr std::uint32_t delivery_limit_ms = 30'000;
constexpr int flush_limit_ms = static_cast<int>(delivery_limit_ms) + 5'000;
constexpr std::chrono::milliseconds nap{50};

kafka::ProducerOptions options() {
    kafka::ProducerOptions made;
    made.message_timeout_ms = delivery_limit_ms;
    return made;
}

}  // namespace

TopicWriter::TopicWriter(const kafka::Settings& settings, std::string topic, Partition partition)
    : topic_(std::move(topic)),
      partition_(partition),
      producer_(
          settings, {topic_}, options(),
          [this](const kafka::DeliveryReport& report) {
              if (!check_.delivered(report.no_error, report.offset)) return;
              last_ = Offset(report.offset);
              ++proved_;
          },
          wakeup_) {}

void TopicWriter::write(std::optional<std::string_view> key, std::string_view value,
                        const Headers& headers) {
    for (;;) {
        std::string why;
        switch (producer_.produce(topic_, partition_, key, value, headers, 0, &why)) {
            case kafka::Produced::queued:
                ++written_;
                producer_.poll();
                return;
            case kafka::Produced::too_large:
            case kafka::Produced::refused:
                throw kafka::Error(why, false);
            case kafka::Produced::full:
                wakeup_.wait(nap);
                producer_.poll();
        }
    }
}

std::optional<Offset> TopicWriter::prove() {
    producer_.flush(flush_limit_ms);
    return proved_ == written_ ? last_ : std::nullopt;
}

}  // namespace foldstream::cli
