#include "cli/command_request.hpp"

#include <memory>
#include <utility>

#include "cli/console.hpp"
#include "common/codec/partitioner.hpp"
#include "common/core/uuid.hpp"
#include "common/fold/command_record.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::cli {

namespace {

const fold::CommandType& find_command(const fold::DomainModule& domain, const std::string& name) {
    std::string known;
    for (const auto& type : domain.commands) {
        if (type->name == name || type->short_name() == name) return *type;
        known += (known.empty() ? "" : ", ") + std::string(type->short_name());
    }
    throw UsageError("unknown command " + name + " of the domain " + domain.name +
                     "; there are: " + known);
}

// As the owner derives it: the record's key, the body's id, or for a create UUIDv5 of the command
// id.
std::string key_of(const fold::DomainModule& domain, const fold::CommandType& type,
                   const CommandRequest& request) {
    if (!request.key.empty()) return request.key;
    const std::unique_ptr<google::protobuf::Message> message(type.prototype->New());
    if (codec::parse_json(request.body, *message).empty()) {
        std::string id = message->GetReflection()->GetString(*message, type.id_field);
        if (!id.empty()) return id;
    }
    if (type.options.creates()) return Uuid::v5(domain.space, request.command_id).text();
    if (request.check) return {};  // the check says what is wrong
    throw UsageError("--key is needed: the body has no readable " + type.id_field->json_name());
}

std::vector<std::pair<std::string, std::string>> headers_of(const fold::CommandType& type,
                                                            const CommandRequest& request) {
    std::vector<std::pair<std::string, std::string>> headers{
        {"ce_specversion", "1.0"}, {"ce_id", request.command_id},        {"ce_source", "/foldctl"},
        {"ce_type", type.name},    {"content-type", "application/json"},
    };
    if (request.expected_version) {
        headers.emplace_back("expected_version", std::to_string(*request.expected_version));
    }
    if (request.dry_run) headers.emplace_back("dry_run", "true");
    return headers;
}

// What the owner would refuse without looking at any state.
std::vector<codec::Violation> violations_of(const CommandToSend& record, std::int32_t partitions) {
    fold::RawCommand raw;
    raw.topic = record.topic;
    raw.partition = record.partition;
    if (!record.key.empty()) raw.key = record.key;
    raw.value = record.value;
    for (const auto& [name, value] : record.headers) raw.headers.emplace_back(name, value);
    const auto decoded = fold::decode_command(*record.domain, raw, partitions);
    if (decoded) return {};
    if (!decoded.error().violations.empty()) return decoded.error().violations;
    return {{"", "is refused: " + decoded.error().code}};
}

}  // namespace

const fold::DomainModule& find_domain(const fold::Registry& registry, const std::string& name) {
    if (const fold::DomainModule* found = registry.find(name)) return *found;
    std::string known;
    for (const auto& domain : registry.domains()) {
        known += (known.empty() ? "" : ", ") + domain->name;
    }
    throw UsageError("unknown domain " + name + "; there are: " + known);
}

std::variant<CommandToSend, std::vector<codec::Violation>> make_record(
    const fold::Registry& registry, const CommandRequest& request, std::int32_t partitions) {
    const fold::DomainModule& domain = find_domain(registry, request.domain);
    const fold::CommandType& type = find_command(domain, request.command);
    CommandToSend record;
    record.domain = &domain;
    record.topic = kafka::commands_topic(domain.name);
    record.key = key_of(domain, type, request);
    record.partition = codec::partition_of(record.key, partitions);
    record.value = request.body;
    record.headers = headers_of(type, request);
    if (request.check) {
        std::vector<codec::Violation> violations = violations_of(record, partitions);
        if (!violations.empty()) return violations;
    }
    return record;
}

CommandToSend packed_record(const fold::DomainModule& domain, Partition partition, std::string key,
                            const v1::Command& command) {
    CommandToSend record;
    record.domain = &domain;
    record.topic = kafka::commands_topic(domain.name);
    record.partition = partition;
    record.key = std::move(key);
    record.value = command.SerializeAsString();
    return record;
}

}  // namespace foldstream::cli
