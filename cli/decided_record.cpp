#include "cli/decided_record.hpp"

#include "common/kafka/topics.hpp"
#include "common/processing/decider.hpp"

namespace foldstream::cli {

namespace {

constexpr int record_limit_ms = 10'000;

}  // namespace

std::optional<kafka::Record> decided_record(const Connections& connections,
                                            const std::string& domain, Partition partition,
                                            const v1::CommandInput& input) {
    auto record =
        kafka::fetch_one(connections.kafka, kafka::commands_topic(domain), partition,
                         Offset(static_cast<std::int64_t>(input.offset())), record_limit_ms);
    if (!record) return std::nullopt;
    fold::RawCommand raw;
    raw.offset = record->offset();
    raw.append_time_ms = record->append_time_ms();
    raw.value = record->value();
    const processing::CommandPlace place = processing::place_of(raw);
    if (place.append_time_ms != input.append_time_ms() || place.raw_hash != input.raw_hash()) {
        return std::nullopt;
    }
    return record;
}

}  // namespace foldstream::cli
