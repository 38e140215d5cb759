// What `foldctl topics` wants and finds. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/fold/domain.hpp"
#include "common/kafka/admin.hpp"

namespace foldstream::cli {

// What the cluster has; a topic that is missing is not in it.
using FoundTopics = std::map<std::string, kafka::TopicState>;

// Every topic of the registry's domains, of their projections, and of the platform. `partitions`
// for the domains' and projections' topics; nothing given: as many as the domain's log has, or else
// default_partitions. A topic that is missing is never wanted with another count than its domain's
// log has.
std::vector<kafka::TopicSpec> wanted_topics(const fold::Registry& registry,
                                            std::optional<std::int32_t> partitions,
                                            std::int16_t replication, const FoundTopics& found);

inline constexpr std::int32_t default_partitions = 4;

// Names of all of them, without looking at the cluster.
std::vector<std::string> topic_names(const fold::Registry& registry);

// A sentence for each thing that is not as wanted.
std::vector<std::string> all_differences(const std::vector<kafka::TopicSpec>& wanted,
                                         const FoundTopics& found);

// The table of `topics list`, or its JSON (an array of objects).
std::string topics_text(const std::vector<kafka::TopicSpec>& wanted, const FoundTopics& found);
std::string topics_json(const std::vector<kafka::TopicSpec>& wanted, const FoundTopics& found);

}  // namespace foldstream::cli
