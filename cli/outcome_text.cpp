#include "cli/outcome_text.hpp"

#include <array>
#include <utility>

#include "cli/json_object.hpp"
#include "common/fold/codes.hpp"
#include "common/fold/concepts.hpp"
#include "common/http/server.hpp"

namespace foldstream::cli {

namespace {

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
    const fold::CodeText text = fold::code_text(domain, entry.code());
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
    return {http::problem(400, "invalid", fold::platform_code_text("invalid").title,
                          {{"violations", json_array(items)}})
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
