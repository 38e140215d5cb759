#include "common/fold/command_record.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/codec/check.hpp"
#include "common/codec/partitioner.hpp"
#include "common/codec/protobuf_reader.hpp"
#include "common/codec/utf8.hpp"
#include "common/core/uuid.hpp"
#include "common/fold/command_envelope.hpp"
#include "foldstream/v1/platform.pb.h"

namespace foldstream::fold {

namespace {

using codec::Violation;
using google::protobuf::Message;
using Outcome = Result<DecodedCommand, CommandRefusal>;

constexpr const char* invalid = "invalid";
constexpr std::size_t max_violations = 20;

Outcome refuse(const char* code, std::vector<Violation> violations,
               std::optional<DecodedCommand> identified = std::nullopt) {
    if (violations.size() > max_violations) violations.resize(max_violations);
    CommandRefusal refusal;
    refusal.code = code;
    refusal.violations = std::move(violations);
    refusal.identified = std::move(identified);
    return Failure{std::move(refusal)};
}

std::string derived_command_id(const DomainModule& domain, const RawCommand& raw) {
    std::string place(raw.topic);
    place += '/' + std::to_string(raw.partition.value) + '/' + std::to_string(raw.offset.value);
    return Uuid::v5(domain.space, place).text();
}

// The body as a message of the type, or why it is none.
codec::JsonFaults read_body(const Envelope& envelope, Message& message) {
    if (envelope.json) return codec::read_json(envelope.body, message);
    codec::JsonFaults faults;
    faults.violations = codec::read_protobuf(envelope.body, message);
    faults.whole = faults.violations.empty();
    return faults;
}

// The aggregate's id out of key, message and, for creates, the command id; a violation when they
// give none. The message has it, too, afterwards.
Result<std::string, Violation> settle_id(const DomainModule& domain, const RawCommand& raw,
                                         const CommandType& type, const std::string& command_id,
                                         Message& message) {
    const auto* reflection = message.GetReflection();
    const std::string& name = type.id_field->json_name();
    const std::string given = reflection->GetString(message, type.id_field);
    std::string id = given;
    if (raw.key && !raw.key->empty()) {  // an empty key is what some clients send for none
        if (!given.empty() && given != *raw.key) {
            return Failure{Violation{name, "differs from the record's key or the path"}};
        }
        id = *raw.key;
    }
    if (id.empty()) {
        if (!type.options.creates()) return Failure{Violation{name, "is required"}};
        id = Uuid::v5(domain.space, command_id).text();
    }
    if (!codec::is_id(id)) {
        return Failure{
            Violation{name, "must be 1 to 128 letters (A-Z, a-z), digits or any of . _ : ~ -"}};
    }
    if (id != given) reflection->SetString(&message, type.id_field, id);
    return id;
}

bool is_within(std::string_view field, std::string_view outer) {
    return field.starts_with(outer) && (field.size() == outer.size() ||
                                        field[outer.size()] == '.' || field[outer.size()] == '[');
}

bool is_known(const std::vector<Violation>& violations, const std::string& field) {
    return std::any_of(violations.begin(), violations.end(), [&](const Violation& known) {
        return is_within(known.field, field) || is_within(field, known.field);
    });
}

// What breaks a constraint, beside what was found already: that says more of its field.
void add_checks(std::vector<Violation>& violations, const Message& message) {
    const std::vector<Violation> found = violations;
    for (Violation& broken : codec::check(message)) {
        if (!is_known(found, broken.field)) violations.push_back(std::move(broken));
    }
}

void move_attributes(Envelope& envelope, DecodedCommand& command) {
    command.expected_version = envelope.expected_version;
    command.dry_run = envelope.dry_run;
    command.traceparent = std::move(envelope.traceparent);
    command.reply = std::move(envelope.reply);
    // Attributes over their bound must not reach the entry, not even of a refusal.
    if (envelope.violations.empty()) command.attributes = std::move(envelope.attributes);
}

// A command to the platform itself: it has no aggregate, and goes to whatever partition it is for.
std::optional<Outcome> platform_command(const DomainModule& domain, const RawCommand& raw,
                                        Envelope& envelope) {
    DecodedCommand command;
    if (envelope.type == v1::CreateSnapshots::descriptor()->full_name()) {
        command.message = std::make_unique<v1::CreateSnapshots>();
    } else if (envelope.type == v1::DeleteSnapshots::descriptor()->full_name()) {
        command.message = std::make_unique<v1::DeleteSnapshots>();
    } else {
        return std::nullopt;
    }
    const auto body = read_body(envelope, *command.message);
    auto& violations = envelope.violations;
    violations.insert(violations.end(), body.violations.begin(), body.violations.end());
    if (envelope.dry_run) violations.push_back({"dry_run", "is not for commands to the platform"});
    if (envelope.expected_version) {
        violations.push_back({"expected_version", "is not for commands to the platform"});
    }
    if (!violations.empty()) return refuse(invalid, std::move(violations));
    command.command_id = envelope.command_id.empty() ? derived_command_id(domain, raw)
                                                     : std::move(envelope.command_id);
    command.reply = std::move(envelope.reply);
    return Outcome(std::move(command));
}

Outcome decode_enveloped(const DomainModule& domain, const RawCommand& raw, std::int32_t partitions,
                         Envelope& envelope) {
    std::vector<Violation>& violations = envelope.violations;
    if (auto platform = platform_command(domain, raw, envelope)) return std::move(*platform);
    const CommandType* type = envelope.type.empty() ? nullptr : domain.find_command(envelope.type);
    if (type == nullptr) {
        if (!envelope.type.empty()) {
            violations.push_back({"ce_type", "is not a command of the domain " + domain.name});
        }
        return refuse(invalid, std::move(violations));
    }
    DecodedCommand command;
    command.type = type;
    command.message.reset(type->prototype->New());
    const auto body = read_body(envelope, *command.message);
    violations.insert(violations.end(), body.violations.begin(), body.violations.end());
    if (!body.whole) return refuse(invalid, std::move(violations));
    const bool readable = body.violations.empty() && envelope.command_id_ok;
    command.command_id = envelope.command_id.empty() ? derived_command_id(domain, raw)
                                                     : std::move(envelope.command_id);
    auto id = settle_id(domain, raw, *type, command.command_id, *command.message);
    if (!id || !readable) {
        if (!id && !is_known(violations, id.error().field)) violations.push_back(id.error());
        add_checks(violations, *command.message);
        return refuse(invalid, std::move(violations));
    }
    command.aggregate_id = std::move(*id);
    command.body_hash = body_hash(*command.message);
    move_attributes(envelope, command);
    if (!violations.empty()) {
        add_checks(violations, *command.message);
        return refuse(invalid, std::move(violations), std::move(command));
    }

    const Partition own = codec::partition_of(command.aggregate_id, partitions);
    if (own != raw.partition) {
        std::string text = "belongs into partition " + std::to_string(own.value);
        return refuse("misrouted", {{type->id_field->json_name(), std::move(text)}},
                      std::move(command));
    }
    std::vector<Violation> checked = codec::check(*command.message);
    if (!checked.empty()) return refuse(invalid, std::move(checked), std::move(command));
    return command;
}

}  // namespace

Outcome decode_command(const DomainModule& domain, const RawCommand& raw, std::int32_t partitions) {
    assert(partitions > 0);
    const bool too_large = raw.value.size() > max_command_bytes;
    Envelope envelope;
    // Headers tell whom to answer; the value stays unread.
    if (!too_large || !raw.headers.empty()) read_envelope(raw, envelope);
    std::optional<v1::ReplyAddress> reply = envelope.reply;
    std::string command_id = envelope.command_id;
    std::string text = "is larger than " + std::to_string(max_command_bytes) + " bytes";
    Outcome outcome = too_large ? refuse("too-large", {{"", std::move(text)}})
                                : decode_enveloped(domain, raw, partitions, envelope);
    if (!outcome) {
        outcome.error().reply = std::move(reply);
        outcome.error().command_id = std::move(command_id);
    }
    return outcome;
}

v1::Command keep_undecoded(const RawCommand& raw) {
    Envelope envelope;
    read_envelope(raw, envelope);
    v1::Command command;
    command.set_command_id(envelope.command_id);
    // A string of an entry that is not UTF-8 could not be read by anybody.
    constexpr std::size_t max_type = 256;
    if (envelope.type.size() <= max_type && codec::is_utf8(envelope.type)) {
        command.set_type(envelope.type);
    }
    command.set_content_type(envelope.json ? v1::CONTENT_TYPE_JSON : v1::CONTENT_TYPE_PROTOBUF);
    command.set_value(std::string(envelope.body));
    if (envelope.expected_version) command.set_expected_version(envelope.expected_version->value);
    if (envelope.reply) *command.mutable_reply() = *envelope.reply;
    command.set_dry_run(envelope.dry_run);
    command.set_traceparent(envelope.traceparent);
    for (const v1::Attribute& attribute : envelope.attributes)
        *command.add_attributes() = attribute;
    return command;
}

std::string serialize_deterministic(const Message& message) {
    std::string out;
    {
        google::protobuf::io::StringOutputStream stream(&out);
        google::protobuf::io::CodedOutputStream coded(&stream);
        coded.SetSerializationDeterministic(true);
        message.SerializePartialToCodedStream(&coded);
    }
    return out;
}

std::string body_hash(const Message& message) {
    std::string bytes = message.GetDescriptor()->full_name();
    bytes += '\0';
    bytes += serialize_deterministic(message);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
    return {reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest};
}

}  // namespace foldstream::fold
