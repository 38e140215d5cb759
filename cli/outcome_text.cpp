#include "cli/outcome_text.hpp"

#include <array>
#include <utility>

#include "cli/json_object.hpp"
#include "common/fold/concepts.hpp"
#include "common/http/server.hpp"

namespace foldstream::cli {

namespace {

struct PlatformCode {
    std::string_view code;
    int status;
    const char* title;
};

constexpr std::array<PlatformCode, 13> platform_codes{{
    {"invalid", 400, "The command is malformed or breaks a constraint of its fields"},
    {"misrouted", 400, "The record is not in its key's partition (murmur2 of the key)"},
    {"unauthenticated", 401, "The command bears no valid token"},
    {"forbidden", 403, "The sender may not do this"},
    {"not-found", 404, "There is no such aggregate"},
    {"already-exists", 409, "This id has been used already"},
    {"version-conflict", 409, "The aggregate has another version than the one expected"},
    {"command-id-reused", 409, "This command id has been used for another command"},
    {"already-taken", 409, "Somebody else has this value"},
    {"too-large", 413, "The command, its events or the aggregate would be too large"},
    {"busy", 429, "Too many commands wait for this aggregate"},
    {"internal", 500, "The domain's code failed on this command"},
    {"crashed", 500, "The process ended three times while it decided this command"},
}};

std::string quoted(std::string_view text) {
    std::string out;
    codec::append_json_string(text, out);
    return out;
}

std::string position_of(const fold::DomainModule& domain, const PlacedEntry& placed) {
    return domain.name + ":" + std::to_string(placed.partition.value) + ":" +
           std::to_string(placed.sequence.value);
}

std::string events_of(const fold::DomainModule& domain, const PlacedEntry& placed) {
    std::vector<std::string> items;
    fold::Meta meta;
    meta.domain = domain.name;
    meta.partition = placed.partition;
    meta.sequence = placed.sequence;
    for (const v1::Event& event : placed.entry.events()) {
        JsonObject item;
        item.text("eventId", meta.event_id())
            .text("type", event.type())
            .number("version", event.version());
        items.push_back(item.done());
        ++meta.index;
    }
    return json_array(items);
}

Answer problem_of(const fold::DomainModule& domain, const PlacedEntry& placed, bool duplicate) {
    const v1::Entry& entry = placed.entry;
    const fold::CodeText text = code_text(domain, entry.code());
    std::vector<std::pair<std::string, std::string>> extra;
    if (entry.code() == "version-conflict") {
        extra.emplace_back("expected", std::to_string(entry.expected_version()));
        extra.emplace_back("actual", std::to_string(entry.version()));
    }
    extra.emplace_back("commandId", quoted(entry.command_id()));
    extra.emplace_back("position", quoted(position_of(domain, placed)));
    extra.emplace_back("duplicate", duplicate ? "true" : "false");
    extra.emplace_back("aggregateId", quoted(entry.aggregate_id()));
    extra.emplace_back("version", std::to_string(entry.version()));
    return {http::problem(text.status, entry.code(), text.title, extra).body, false};
}

}  // namespace

bool is_final(const v1::Entry& entry) {
    switch (entry.outcome()) {
        case v1::OUTCOME_HELD:
        case v1::OUTCOME_QUEUED:
        case v1::OUTCOME_SCHEDULED:
        case v1::OUTCOME_FORWARDED:
            return false;
        default:
            return true;
    }
}

fold::CodeText code_text(const fold::DomainModule& domain, std::string_view code) {
    const auto own = domain.codes.find(code);
    if (own != domain.codes.end()) return own->second;
    for (const PlatformCode& known : platform_codes) {
        if (known.code == code) return {known.status, known.title};
    }
    return {422, "Refused: " + std::string(code)};
}

Answer answer_of(const fold::DomainModule& domain, const PlacedEntry& placed, bool duplicate) {
    const v1::Entry& entry = placed.entry;
    const bool dry_run = entry.outcome() == v1::OUTCOME_DRY_RUN;
    if (!entry.code().empty() || (!dry_run && entry.outcome() != v1::OUTCOME_ACCEPTED)) {
        return problem_of(domain, placed, duplicate);
    }
    JsonObject body;
    body.text("commandId", entry.command_id())
        .text("status", dry_run ? "dry-run" : "accepted")
        .truth("duplicate", duplicate)
        .text("aggregateId", entry.aggregate_id())
        .number("version", entry.version())
        .raw("events", events_of(domain, placed))
        .text("position", position_of(domain, placed));
    return {body.done(), true};
}

Answer invalid_answer(const std::vector<codec::Violation>& violations) {
    std::vector<std::string> items;
    for (const codec::Violation& violation : violations) {
        JsonObject item;
        item.text("field", violation.field).text("message", violation.message);
        items.push_back(item.done());
    }
    return {
        http::problem(400, "invalid", platform_codes[0].title, {{"violations", json_array(items)}})
            .body,
        false};
}

Answer unknown_answer(std::string_view command_id, std::string_view detail) {
    return {http::problem(504, "outcome-unknown", detail, {{"commandId", quoted(command_id)}}).body,
            false};
}

Answer pending_answer(std::string_view command_id, std::string_view topic, Partition partition,
                      Offset offset) {
    JsonObject body;
    body.text("commandId", command_id)
        .text("status", "pending")
        .text("topic", topic)
        .number("partition", partition.value)
        .number("offset", offset.value);
    return {body.done(), true};
}

}  // namespace foldstream::cli
