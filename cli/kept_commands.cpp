#include "cli/kept_commands.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "cli/text_table.hpp"
#include "common/codec/check.hpp"
#include "common/codec/json_object.hpp"
#include "common/codec/partitioner.hpp"
#include "common/core/time_text.hpp"
#include "common/core/uuid.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::cli {

namespace {

constexpr std::string_view crashed = "crashed";

// As the owner derives it for a record that brings none.
std::string id_of(const fold::DomainModule& domain, const PlacedEntry& placed) {
    const v1::Entry& entry = placed.entry;
    if (!entry.kept().command_id().empty()) return entry.kept().command_id();
    if (!entry.command_id().empty()) return entry.command_id();
    if (!entry.has_command()) return {};
    return Uuid::v5(domain.space, kafka::commands_topic(domain.name) + "/" +
                                      std::to_string(placed.partition.value) + "/" +
                                      std::to_string(entry.command().offset()))
        .text();
}

// The aggregate's id in the body; nothing when the bytes are no command of the domain, empty when
// they are one without an id.
std::optional<std::string> id_in_body(const fold::CommandType* type, const v1::Command& command) {
    if (type == nullptr) return std::nullopt;
    const std::unique_ptr<google::protobuf::Message> message(type->prototype->New());
    const bool json = command.content_type() == v1::CONTENT_TYPE_JSON;
    const bool read = json ? codec::parse_json(command.value(), *message).empty()
                           : message->ParseFromString(command.value());
    if (!read) return std::nullopt;
    return message->GetReflection()->GetString(*message, type->id_field);
}

}  // namespace

bool keeps_command(const v1::Entry& entry) { return entry.has_kept() || entry.code() == crashed; }

std::optional<KeptCommand> kept_command(const fold::DomainModule& domain,
                                        const PlacedEntry& placed) {
    const v1::Entry& entry = placed.entry;
    if (!keeps_command(entry)) return std::nullopt;
    KeptCommand kept;
    kept.partition = placed.partition;
    kept.sequence = placed.sequence;
    kept.offset =
        Offset(entry.has_command() ? static_cast<std::int64_t>(entry.command().offset()) : -1);
    kept.command_id = id_of(domain, placed);
    kept.type = entry.kept().type();
    const auto* value = v1::Outcome_descriptor()->FindValueByNumber(entry.outcome());
    kept.outcome = value != nullptr ? codec::enum_text(*value) : std::to_string(entry.outcome());
    kept.code = entry.code();
    if (entry.has_kept()) kept.bytes = entry.kept().value().size();
    kept.time_ms = entry.has_command() ? entry.command().append_time_ms() : entry.time_ms();
    return kept;
}

void KeptCommands::feed(const PlacedEntry& placed) {
    if (crashed_only_ && placed.entry.code() != crashed) return;
    auto kept = kept_command(domain_, placed);
    if (!kept) return;
    const auto partition = static_cast<std::size_t>(placed.partition.value);
    if (by_partition_.size() <= partition) by_partition_.resize(partition + 1);
    std::deque<KeptCommand>& newest = by_partition_[partition];
    newest.push_back(std::move(*kept));
    if (limit_ > 0 && newest.size() > limit_) newest.pop_front();
}

std::vector<KeptCommand> KeptCommands::newest() const {
    std::vector<KeptCommand> all;
    for (const auto& some : by_partition_) all.insert(all.end(), some.begin(), some.end());
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.time_ms < b.time_ms; });
    if (limit_ > 0 && all.size() > limit_) {
        all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(limit_));
    }
    return all;
}

std::string kept_text(const std::vector<KeptCommand>& commands) {
    std::vector<std::vector<std::string>> rows{
        {"PARTITION", "SEQUENCE", "OFFSET", "TIME", "OUTCOME", "BYTES", "TYPE", "COMMAND ID"}};
    for (const KeptCommand& one : commands) {
        rows.push_back({std::to_string(one.partition.value), std::to_string(one.sequence.value),
                        std::to_string(one.offset.value), rfc3339(one.time_ms),
                        one.code.empty() ? one.outcome : one.code,
                        one.bytes ? std::to_string(*one.bytes) : "not kept",
                        one.type.empty() ? "?" : one.type, one.command_id});
    }
    return text_table(rows);
}

std::string kept_json(const std::string& domain, const std::vector<KeptCommand>& commands) {
    std::vector<std::string> items;
    for (const KeptCommand& one : commands) {
        codec::JsonObject item;
        item.number("partition", one.partition.value)
            .number("sequence", one.sequence.value)
            .number("offset", one.offset.value)
            .text("commandId", one.command_id)
            .text("type", one.type)
            .text("outcome", one.outcome)
            .text("code", one.code)
            .raw("bytes", one.bytes ? std::to_string(*one.bytes) : "null")
            .text("time", rfc3339(one.time_ms));
        items.push_back(item.done());
    }
    codec::JsonObject all;
    all.text("domain", domain).raw("data", codec::json_array(items));
    return all.done();
}

std::variant<CommandToSend, std::string> record_again(const fold::DomainModule& domain,
                                                      const PlacedEntry& placed,
                                                      const std::optional<std::string>& given,
                                                      std::int32_t partitions) {
    v1::Command command = placed.entry.kept();
    command.set_command_id(id_of(domain, placed));
    const std::string& key = given ? *given : placed.entry.kept_key();
    if (given || !key.empty()) {
        const Partition partition =
            codec::is_id(key) ? codec::partition_of(key, partitions) : placed.partition;
        return packed_record(domain, partition, key, command);
    }
    const fold::CommandType* type = domain.find_command(command.type());
    const auto id = id_in_body(type, command);
    if (!id) return packed_record(domain, placed.partition, {}, command);
    if (id->empty()) {
        return "the body has no " + std::string(type->id_field->json_name()) +
               ", and the record that it came in is no longer in " +
               kafka::commands_topic(domain.name) + ": --key says which aggregate it is for";
    }
    return packed_record(domain, codec::partition_of(*id, partitions), *id, command);
}

}  // namespace foldstream::cli
