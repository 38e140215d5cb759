// A client's command as a record of D.commands. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/codec/json.hpp"
#include "common/core/result.hpp"
#include "common/fold/domain.hpp"
#include "foldstream/v1/command.pb.h"

namespace foldstream::command_service {

// What a client says.
struct CommandDraft {
    const fold::DomainModule* domain = nullptr;
    const fold::CommandType* type = nullptr;
    std::string command_id;                       // never empty
    std::optional<std::string> key;               // the aggregate's id, where the path names it
    std::optional<std::string> expected_version;  // as it was given
    bool dry_run = false;
    std::string traceparent;
    std::string_view body;  // JSON; empty is {}
};

struct PackedCommand {
    const fold::DomainModule* domain = nullptr;
    std::string key;      // the aggregate's id
    v1::Command command;  // without its reply address
};

struct NotPacked {
    bool too_large = false;
    std::vector<codec::Violation> violations;  // name what stands around the command as by topic
};

// Reads it as the record that the client would have sent by topic, so that what an owner would
// refuse without looking at any state is refused here, in the same words.
Result<PackedCommand, NotPacked> pack(const CommandDraft& draft);

}  // namespace foldstream::command_service
