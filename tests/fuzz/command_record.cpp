// Records of D.commands, by headers and packed: an answer for each, whose every part can be written
// into the log; and what was understood is understood again, however it is packed.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/codec/check.hpp"
#include "common/codec/protobuf_log.hpp"
#include "common/codec/utf8.hpp"
#include "common/fold/command_record.hpp"
#include "domains/registry.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/orders.hpp"

namespace foldstream::fuzz {
namespace {

using codec::Violation;
using fold::CommandRefusal;
using fold::DecodedCommand;
using fold::RawCommand;
using Outcome = Result<DecodedCommand, CommandRefusal>;

constexpr std::int32_t partitions = 2;

bool is_printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    });
}

void expect_violations(const CommandRefusal& refusal) {
    expect(refusal.code == "invalid" || refusal.code == "misrouted" || refusal.code == "too-large",
           "a refusal has one of three codes", refusal.code);
    expect(!refusal.violations.empty(), "a refusal says why");
    expect(refusal.violations.size() <= 20, "violations are bounded");
    for (const Violation& violation : refusal.violations) {
        const std::string& field = violation.field;
        expect(!violation.message.empty(), "a violation says what is wrong", field);
        expect(codec::is_utf8(field) && codec::is_utf8(violation.message),
               "a violation can be printed");
        expect(is_printable(field) && is_printable(violation.message),
               "a violation stays on its line", field);
        // No field: the record's value or its body as a whole.
        const bool whole = violation.message.starts_with("is ") ||
                           violation.message.starts_with("has ") ||
                           violation.message.starts_with("must be an object");
        expect(!field.empty() || whole, "a refusal names a field", violation.message);
    }
}

void expect_writable(const DecodedCommand& command) {
    const bool platform = command.type == nullptr;
    expect(platform == command.aggregate_id.empty(), "all but the platform's have an aggregate");
    expect(platform || codec::is_id(command.aggregate_id), "an aggregate's id is an id");
    expect(!command.command_id.empty() && command.command_id.size() <= 128,
           "a command's id is 1 to 128 bytes");
    expect(codec::is_utf8(command.command_id) && codec::is_utf8(command.traceparent),
           "what goes into the entry is text");
    expect(platform || command.body_hash.size() == 16, "a body's hash is 16 bytes");
    std::size_t bytes = 0;
    for (const v1::Attribute& attribute : command.attributes) {
        expect(codec::is_utf8(attribute.name()) && codec::is_utf8(attribute.value()),
               "attributes are text");
        bytes += attribute.name().size() + attribute.value().size();
    }
    expect(command.attributes.size() <= 16 && bytes <= 1024, "attributes are bounded");
}

std::string bytes_of(const std::optional<v1::ReplyAddress>& reply) {
    return reply ? "+" + reply->SerializeAsString() : "";
}

std::string bytes_of(const std::vector<v1::Attribute>& attributes) {
    std::string all;
    for (const v1::Attribute& attribute : attributes) all += attribute.SerializeAsString() + '\n';
    return all;
}

void expect_same(const DecodedCommand& a, const DecodedCommand& b, std::string_view sentence) {
    const bool same = a.type == b.type && a.command_id == b.command_id &&
                      a.aggregate_id == b.aggregate_id && a.body_hash == b.body_hash &&
                      a.expected_version == b.expected_version && a.dry_run == b.dry_run &&
                      a.traceparent == b.traceparent && bytes_of(a.reply) == bytes_of(b.reply) &&
                      bytes_of(a.attributes) == bytes_of(b.attributes);
    expect(same, sentence, a.command_id);
}

// As the gateway and relays pack it.
v1::Command packed(const DecodedCommand& command) {
    v1::Command out;
    out.set_command_id(command.command_id);
    out.set_type(command.message->GetDescriptor()->full_name());
    out.set_content_type(v1::CONTENT_TYPE_PROTOBUF);
    out.set_value(fold::serialize_deterministic(*command.message));
    if (command.expected_version) out.set_expected_version(command.expected_version->value);
    out.set_dry_run(command.dry_run);
    out.set_traceparent(command.traceparent);
    if (command.reply) *out.mutable_reply() = *command.reply;
    for (const v1::Attribute& attribute : command.attributes) *out.add_attributes() = attribute;
    return out;
}

Outcome decode(RawCommand raw, const std::string& value) {
    raw.headers.clear();
    raw.value = value;
    return fold::decode_command(orders(), raw, partitions);
}

void expect_answer(const RawCommand& raw) {
    const Outcome outcome = fold::decode_command(orders(), raw, partitions);
    const v1::Command kept = fold::keep_undecoded(raw);
    const std::string kept_bytes = kept.SerializeAsString();
    v1::Command read;
    expect(read.ParseFromString(kept_bytes), "what is kept of a record can be read");
    if (!outcome) {
        expect_violations(outcome.error());
        if (outcome.error().identified) expect_writable(*outcome.error().identified);
        const Outcome again = fold::decode_command(orders(), raw, partitions);
        expect(!again && again.error().violations == outcome.error().violations,
               "what is refused is refused again in the same way");
        return;
    }
    expect_writable(*outcome);
    expect(codec::check(*outcome->message).empty(), "what is accepted passes the checks");
    const Outcome repacked = decode(raw, packed(*outcome).SerializeAsString());
    expect(bool(repacked), "a command that is packed anew is accepted");
    expect_same(*outcome, *repacked, "a command decoded and encoded is the same command");
    const Outcome retried = decode(raw, kept_bytes);
    expect(bool(retried), "a command that was kept is accepted");
    expect_same(*outcome, *retried, "a command that was kept is the same command");
}

// So that mutations need not guess whole names.
std::string_view header_name(std::uint8_t kind, std::string_view name) {
    static constexpr std::string_view known[] = {
        "ce_id",       "ce_type",    "content-type",    "expected_version", "dry_run",
        "traceparent", "deliver_at", "reply_partition", "reply_instance",   "meta_a"};
    return kind < std::size(known) ? known[kind] : name;
}

}  // namespace
}  // namespace foldstream::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldstream;
    using namespace foldstream::fuzz;
    Input input(data, size);
    const std::uint8_t form = input.byte();
    fold::RawCommand raw;
    raw.topic = "orders.commands";
    raw.partition = Partition(form >> 7U);
    raw.offset = Offset(7);
    if ((form & 1U) != 0) raw.key = input.part();
    for (std::uint8_t left = form >> 1U & 0x1fU; left > 0; --left) {
        const std::uint8_t kind = input.byte();
        const std::string_view name = kind < 10 ? std::string_view() : input.part();
        raw.headers.emplace_back(header_name(kind, name), input.part());
    }
    raw.value = input.rest();
    expect_answer(raw);
    return 0;
}
