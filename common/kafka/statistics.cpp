#include "common/kafka/statistics.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <system_error>

namespace foldstream::kafka {

namespace {

const boost::json::value* member(const boost::json::value* in, std::string_view name) {
    const auto* object = in != nullptr ? in->if_object() : nullptr;
    return object != nullptr ? object->if_contains({name.data(), name.size()}) : nullptr;
}

// Negative where there is no such number; librdkafka writes -1001 for what it does not know yet.
std::int64_t number(const boost::json::value* in, std::string_view name) {
    const auto* value = member(in, name);
    const auto* found = value != nullptr ? value->if_int64() : nullptr;
    return found != nullptr ? *found : -1;
}

}  // namespace

std::map<Partition, Watermarks> watermarks_in(std::string_view statistics, std::string_view topic) {
    std::map<Partition, Watermarks> all;
    boost::json::error_code wrong;
    const auto parsed = boost::json::parse({statistics.data(), statistics.size()}, wrong);
    if (wrong) return all;
    const auto* partitions = member(member(member(&parsed, "topics"), topic), "partitions");
    const auto* object = partitions != nullptr ? partitions->if_object() : nullptr;
    if (object == nullptr) return all;
    for (const auto& entry : *object) {
        const std::int64_t partition = number(&entry.value(), "partition");
        const Offset stable(number(&entry.value(), "ls_offset"));
        const Offset high(number(&entry.value(), "hi_offset"));
        if (partition < 0 || stable.value < 0 || high.value < 0) continue;
        all.emplace(Partition(static_cast<std::int32_t>(partition)), Watermarks{stable, high});
    }
    return all;
}

bool any_broker_up(std::string_view statistics) {
    boost::json::error_code wrong;
    const auto parsed = boost::json::parse({statistics.data(), statistics.size()}, wrong);
    const auto* brokers = wrong ? nullptr : member(&parsed, "brokers");
    const auto* object = brokers != nullptr ? brokers->if_object() : nullptr;
    if (object == nullptr) return true;
    return std::any_of(object->begin(), object->end(), [](const auto& entry) {
        const auto* state = member(&entry.value(), "state");
        const auto* text = state != nullptr ? state->if_string() : nullptr;
        return text != nullptr && (*text == "UP" || *text == "UPDATE");
    });
}

}  // namespace foldstream::kafka
