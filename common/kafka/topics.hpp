// Which topics the platform has and how they must be. `foldctl topics apply` creates and verifies
// them; every process verifies at start what it relies on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kafka/admin.hpp"

namespace foldstream::kafka {

std::string commands_topic(std::string_view domain);
std::string events_topic(std::string_view domain);
std::string snapshots_topic(std::string_view domain);
inline constexpr std::string_view replies_topic = "foldstream.replies";
inline constexpr std::string_view control_topic = "foldstream.control";

// commands, events and snapshots. Partitions or replication 0: whatever it is (for verifying).
std::vector<TopicSpec> domain_topics(std::string_view domain, std::int32_t partitions,
                                     std::int16_t replication);
// foldstream.replies and foldstream.control.
std::vector<TopicSpec> platform_topics(std::int16_t replication);
// The projection's dead letters.
std::vector<TopicSpec> projection_topics(std::string_view projection, std::int32_t partitions,
                                         std::int16_t replication);

// Each a sentence that says what is, what must be, and the line that mends it where there is one.
// max.message.bytes and a finite retention may be larger than specified. Pure.
std::vector<std::string> differences(const TopicSpec& spec, const TopicState& state);

// What a process finds of its domain's topics at start.
struct DomainTopics {
    std::int32_t partitions = 0;           // of D.events
    std::vector<std::string> differences;  // empty: go on; else each a sentence
    std::optional<std::string> weakness;   // what these topics do not survive; for the log
};
// Looks at the domain's topics that exist and those that do not. Throws Error.
DomainTopics verify_domain(Admin& admin, std::string_view domain);

// What the topic does not survive, by its replication; nothing when it is as production needs it.
// Pure.
std::optional<std::string> weakness(const TopicState& state);

}  // namespace foldstream::kafka
