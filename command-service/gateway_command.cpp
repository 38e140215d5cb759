#include "command-service/gateway_command.hpp"

#include <utility>

#include "common/fold/command_limits.hpp"
#include "common/fold/command_record.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::command_service {

namespace {

// Of the reply address and of the fields' tags.
constexpr std::size_t reply_room = fold::max_reply_instance + 32;

Result<fold::DecodedCommand, fold::CommandRefusal> read(const CommandDraft& draft) {
    const std::string topic = kafka::commands_topic(draft.domain->name);
    fold::RawCommand raw;
    raw.topic = topic;
    if (draft.key) raw.key = *draft.key;
    raw.value = draft.body.empty() ? "{}" : draft.body;
    raw.headers = {{"ce_id", draft.command_id},
                   {"ce_type", draft.type->name},
                   {"content-type", "application/json"},
                   {"dry_run", draft.dry_run ? "true" : "false"},
                   {"traceparent", draft.traceparent}};
    if (draft.expected_version) {
        raw.headers.emplace_back("expected_version", *draft.expected_version);
    }
    return fold::decode_command(*draft.domain, raw, 1);  // one partition is every key's
}

}  // namespace

Result<PackedCommand, NotPacked> pack(const CommandDraft& draft) {
    auto decoded = read(draft);
    if (!decoded) {
        fold::CommandRefusal& refusal = decoded.error();
        return Failure{NotPacked{refusal.code == "too-large", std::move(refusal.violations)}};
    }
    PackedCommand made;
    made.domain = draft.domain;
    made.key = decoded->aggregate_id;
    v1::Command& command = made.command;
    command.set_command_id(decoded->command_id);
    command.set_type(decoded->type->name);
    command.set_content_type(v1::CONTENT_TYPE_PROTOBUF);
    command.set_value(fold::serialize_deterministic(*decoded->message));
    if (decoded->expected_version) command.set_expected_version(decoded->expected_version->value);
    command.set_dry_run(decoded->dry_run);
    command.set_traceparent(decoded->traceparent);
    if (command.ByteSizeLong() + reply_room > fold::max_command_bytes) {
        std::string text = "is larger than " + std::to_string(fold::max_command_bytes) + " bytes";
        return Failure{NotPacked{true, {{"", std::move(text)}}}};
    }
    return made;
}

}  // namespace foldstream::command_service
