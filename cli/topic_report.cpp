#include "cli/topic_report.hpp"

#include "cli/text_table.hpp"
#include "common/codec/json_object.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::cli {

namespace {

using kafka::TopicSpec;
using kafka::TopicState;

void append(std::vector<TopicSpec>& all, std::vector<TopicSpec> more) {
    for (TopicSpec& spec : more) all.push_back(std::move(spec));
}

// Topics of one domain: the count asked for where they exist already (so that another one is a
// difference), the log's own where they must be made (so that none is made with another).
void append_domain(std::vector<TopicSpec>& all, std::vector<TopicSpec> specs,
                   const FoundTopics& found, const TopicState* log) {
    for (TopicSpec& spec : specs) {
        if (log != nullptr && !found.contains(spec.name)) spec.partitions = log->partitions;
        all.push_back(std::move(spec));
    }
}

std::string config_of(const TopicState& state, const char* key) {
    const auto found = state.config.find(key);
    return found == state.config.end() ? "-" : found->second;
}

}  // namespace

std::vector<TopicSpec> wanted_topics(const fold::Registry& registry,
                                     std::optional<std::int32_t> partitions,
                                     std::int16_t replication, const FoundTopics& found) {
    std::vector<TopicSpec> all;
    for (const auto& domain : registry.domains()) {
        const auto log = found.find(kafka::events_topic(domain->name));
        const TopicState* state = log == found.end() ? nullptr : &log->second;
        const std::int32_t count =
            partitions.value_or(state != nullptr ? state->partitions : default_partitions);
        append_domain(all, kafka::domain_topics(domain->name, count, replication), found, state);
        for (const auto& projection : domain->projections) {
            append_domain(all, kafka::projection_topics(projection->name, count, replication),
                          found, state);
        }
    }
    append(all, kafka::platform_topics(replication));
    return all;
}

std::vector<std::string> topic_names(const fold::Registry& registry) {
    std::vector<std::string> names;
    for (const TopicSpec& spec : wanted_topics(registry, std::nullopt, 1, {})) {
        names.push_back(spec.name);
    }
    return names;
}

std::vector<std::string> all_differences(const std::vector<TopicSpec>& wanted,
                                         const FoundTopics& found) {
    std::vector<std::string> all;
    for (const TopicSpec& spec : wanted) {
        const auto state = found.find(spec.name);
        if (state == found.end()) {
            all.push_back(spec.name + " does not exist: foldctl topics apply");
            continue;
        }
        for (std::string& sentence : kafka::differences(spec, state->second)) {
            all.push_back(std::move(sentence));
        }
    }
    return all;
}

std::string topics_text(const std::vector<TopicSpec>& wanted, const FoundTopics& found) {
    std::vector<std::vector<std::string>> rows{{"TOPIC", "PARTITIONS", "REPLICAS", "CLEANUP",
                                                "RETENTION MS", "MAX RECORD BYTES", "STATE"}};
    for (const TopicSpec& spec : wanted) {
        const auto at = found.find(spec.name);
        if (at == found.end()) {
            rows.push_back({spec.name, "-", "-", "-", "-", "-", "missing"});
            continue;
        }
        const TopicState& state = at->second;
        rows.push_back({spec.name, std::to_string(state.partitions),
                        std::to_string(state.replication), config_of(state, "cleanup.policy"),
                        config_of(state, "retention.ms"), config_of(state, "max.message.bytes"),
                        kafka::differences(spec, state).empty() ? "fine" : "differs"});
    }
    return text_table(rows);
}

std::string topics_json(const std::vector<TopicSpec>& wanted, const FoundTopics& found) {
    std::vector<std::string> items;
    for (const TopicSpec& spec : wanted) {
        codec::JsonObject item;
        item.text("topic", spec.name);
        const auto at = found.find(spec.name);
        item.truth("exists", at != found.end());
        if (at != found.end()) {
            item.number("partitions", at->second.partitions);
            item.number("replication", at->second.replication);
            codec::JsonObject config;
            for (const auto& [key, value] : spec.config) {
                config.text(key, config_of(at->second, key.c_str()));
            }
            item.raw("config", config.done());
        }
        item.raw("differences", codec::json_texts(all_differences({spec}, found)));
        items.push_back(item.done());
    }
    return codec::json_array(items);
}

}  // namespace foldstream::cli
