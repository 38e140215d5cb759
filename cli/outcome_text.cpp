#include "cli/outcome_text.hpp"

#include <array>
#include <utility>

#include "common/codec/json_object.hpp"
#include "common/fold/codes.hpp"
#include "common/fold/concepts.hpp"
#include "common/http/server.hpp"

namespace foldstream::cli {

namespace {

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
        codec::JsonObject item;
        item.text("eventId", meta.event_id())
            .text("type", event.type())
            .number("version", event.version());
        items.push_back(item.done());
        ++meta.index;
    }
    return codec::json_array(items);
}

Answer problem_of(const fold::DomainModule& domain, const PlacedEntry& placed, bool duplicate) {
    const v1::Entry& entry = placed.entry;
    const fold::CodeText text = fold::code_text(domain, entry.code());
    std::vector<std::pair<std::string, std::string>> extra;
    if (entry.code() == "version-conflict") {
        extra.emplace_back("expected", std::to_string(entry.expected_version()));
        extra.emplace_back("actual", std::to_string(entry.version()));
    }
    extra.emplace_back("commandId", codec::json_string(entry.command_id()));
    extra.emplace_back("position", codec::json_string(position_of(domain, placed)));
    extra.emplace_back("duplicate", duplicate ? "true" : "false");
    extra.emplace_back("aggregateId", codec::json_string(entry.aggregate_id()));
    extra.emplace_back("version", std::to_string(entry.version()));
    return {http::problem(text.status, entry.code(), text.title, extra).body, false};
}

}  // namespace

Answer answer_of(const fold::DomainModule& domain, const PlacedEntry& placed, bool duplicate) {
    const v1::Entry& entry = placed.entry;
    const bool dry_run = entry.outcome() == v1::OUTCOME_DRY_RUN;
    if (!entry.code().empty() || (!dry_run && entry.outcome() != v1::OUTCOME_ACCEPTED)) {
        return problem_of(domain, placed, duplicate);
    }
    codec::JsonObject body;
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
    return {http::problem(400, "invalid", fold::platform_code_text("invalid").title,
                          {{"violations", codec::json_violations(violations)}})
                .body,
            false};
}

Answer unknown_answer(std::string_view command_id, std::string_view detail) {
    return {http::problem(504, "outcome-unknown", detail,
                          {{"commandId", codec::json_string(command_id)}})
                .body,
            false};
}

Answer pending_answer(std::string_view command_id, std::string_view topic, Partition partition,
                      Offset offset) {
    codec::JsonObject body;
    body.text("commandId", command_id)
        .text("status", "pending")
        .text("topic", topic)
        .number("partition", partition.value)
        .number("offset", offset.value);
    return {body.done(), true};
}

}  // namespace foldstream::cli
