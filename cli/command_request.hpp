// A command line's command as a record of D.commands. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/codec/json.hpp"
#include "common/core/ids.hpp"
#include "common/fold/domain.hpp"
#include "foldstream/v1/command.pb.h"

namespace foldstream::cli {

struct CommandRequest {
    std::string domain;
    std::string command;     // "CreateOrder", or the full message name
    std::string body;        // JSON
    std::string command_id;  // never empty
    std::string key;         // empty: the body's id, or derived
    std::optional<std::uint64_t> expected_version;
    bool dry_run = false;
    bool check = true;
};

// A record of D.commands: CloudEvents 1.0 in Kafka's binary mode, or packed without headers.
struct CommandToSend {
    const fold::DomainModule* domain = nullptr;
    std::string topic;
    Partition partition;
    std::string key;  // empty: it has none
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
};

// The domain of the registry; throws UsageError naming those that there are.
const fold::DomainModule& find_domain(const fold::Registry& registry, const std::string& name);

// The record, or what is wrong with it (only when request.check). Throws UsageError for an unknown
// domain or command, and when the key cannot be known.
std::variant<CommandToSend, std::vector<codec::Violation>> make_record(
    const fold::Registry& registry, const CommandRequest& request, std::int32_t partitions);

// A packed command for a partition that is known.
CommandToSend packed_record(const fold::DomainModule& domain, Partition partition, std::string key,
                            const v1::Command& command);

}  // namespace foldstream::cli
