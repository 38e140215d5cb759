#include "common/kafka/topics.hpp"

#include <charconv>

namespace foldstream::kafka {

namespace {

constexpr const char* one_hour_ms = "3600000";
constexpr const char* seven_days_ms = "604800000";
constexpr const char* thirty_days_ms = "2592000000";
constexpr const char* max_message_bytes = "1048576";
constexpr std::int32_t replies_partitions = 4;
constexpr std::int16_t production_replication = 3;

TopicSpec spec(std::string name, std::int32_t partitions, std::int16_t replication,
               const std::string& cleanup) {
    TopicSpec made;
    made.name = std::move(name);
    made.partitions = partitions;
    made.replication = replication;
    made.config = {{"cleanup.policy", cleanup},
                   {"message.timestamp.type", "LogAppendTime"},
                   {"max.message.bytes", max_message_bytes},
                   {"unclean.leader.election.enable", "false"}};
    if (replication >= production_replication) made.config["min.insync.replicas"] = "2";
    return made;
}

TopicSpec deleting(std::string name, std::int32_t partitions, std::int16_t replication,
                   const std::string& retention_ms) {
    TopicSpec made = spec(std::move(name), partitions, replication, "delete");
    made.config["retention.ms"] = retention_ms;
    made.config["retention.bytes"] = "-1";
    return made;
}

std::optional<std::int64_t> integer(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// A larger one takes nothing away from those who rely on it; retention -1 is the largest.
bool may_be_larger(const std::string& key, const std::string& wanted) {
    return key == "max.message.bytes" || (key == "retention.ms" && wanted != "-1");
}

bool fits(const std::string& key, const std::string& wanted, const std::string& is) {
    if (is == wanted) return true;
    if (!may_be_larger(key, wanted)) return false;
    const auto have = integer(is);
    const auto need = integer(wanted);
    if (!have || !need) return false;
    return (key == "retention.ms" && *have == -1) || *have >= *need;
}

std::string mending(const std::string& topic, const std::string& key, const std::string& value) {
    return "kafka-configs.sh --bootstrap-server BROKERS --alter --entity-type topics "
           "--entity-name " +
           topic + " --add-config " + key + "=" + value;
}

}  // namespace

std::string commands_topic(std::string_view domain) { return std::string(domain) + ".commands"; }
std::string events_topic(std::string_view domain) { return std::string(domain) + ".events"; }
std::string snapshots_topic(std::string_view domain) { return std::string(domain) + ".snapshots"; }

std::vector<TopicSpec> domain_topics(std::string_view domain, std::int32_t partitions,
                                     std::int16_t replication) {
    return {deleting(commands_topic(domain), partitions, replication, seven_days_ms),
            deleting(events_topic(domain), partitions, replication, "-1"),
            spec(snapshots_topic(domain), partitions, replication, "compact")};
}

std::vector<TopicSpec> platform_topics(std::int16_t replication) {
    return {deleting(std::string(replies_topic), replies_partitions, replication, one_hour_ms),
            deleting(std::string(control_topic), 1, replication, thirty_days_ms)};
}

std::vector<TopicSpec> projection_topics(std::string_view projection, std::int32_t partitions,
                                         std::int16_t replication) {
    return {deleting(std::string(projection) + ".dead-letters", partitions, replication,
                     thirty_days_ms)};
}

std::vector<std::string> differences(const TopicSpec& spec, const TopicState& state) {
    std::vector<std::string> found;
    if (spec.partitions != 0 && state.partitions != spec.partitions) {
        found.push_back(spec.name + " has " + std::to_string(state.partitions) +
                        " partitions and must have " + std::to_string(spec.partitions) +
                        ": all topics of a domain have one count, fixed for ever; use the count "
                        "that it has, or begin with new topics");
    }
    if (spec.replication != 0 && state.replication < spec.replication) {
        found.push_back(spec.name + " has " + std::to_string(state.replication) +
                        " replicas and must have " + std::to_string(spec.replication) +
                        ": kafka-reassign-partitions.sh adds replicas");
    }
    for (const auto& [key, wanted] : spec.config) {
        const auto is = state.config.find(key);
        const std::string value = is == state.config.end() ? "not set" : is->second;
        if (is != state.config.end() && fits(key, wanted, value)) continue;
        found.push_back(spec.name + ": " + key + " is " + value + " and must be " + wanted +
                        (may_be_larger(key, wanted) ? " or more" : "") + ": " +
                        mending(spec.name, key, wanted));
    }
    return found;
}

std::optional<std::string> weakness(const TopicState& state) {
    if (state.replication < production_replication) {
        return state.name + " has " + std::to_string(state.replication) +
               (state.replication == 1 ? " replica" : " replicas") +
               ": it survives the end of processes, but not the loss of a disk or of power";
    }
    const auto insync = state.config.find("min.insync.replicas");
    const auto count = insync == state.config.end() ? std::nullopt : integer(insync->second);
    if (!count || *count < 2) {
        return state.name + " acknowledges with one replica in sync: " +
               mending(state.name, "min.insync.replicas", "2");
    }
    return std::nullopt;
}

DomainTopics verify_domain(Admin& admin, std::string_view domain) {
    DomainTopics result;
    const auto events = admin.describe(events_topic(domain));
    if (events) {
        result.partitions = events->partitions;
        result.weakness = weakness(*events);
    }
    for (const TopicSpec& wanted : domain_topics(domain, result.partitions, 0)) {
        const auto state =
            wanted.name == events_topic(domain) ? events : admin.describe(wanted.name);
        if (!state) {
            result.differences.push_back("the Kafka topic " + wanted.name +
                                         " does not exist: foldctl topics apply");
            continue;
        }
        for (std::string& sentence : differences(wanted, *state)) {
            result.differences.push_back(std::move(sentence));
        }
    }
    return result;
}

}  // namespace foldstream::kafka
