#include "common/processing/outcome.hpp"

#include "common/fold/codes.hpp"
#include "common/fold/concepts.hpp"

namespace foldstream::processing {

namespace {

// Number `index` of the entry at outcome.position().
void add_event(v1::CommandOutcome& outcome, const std::string& type, std::uint64_t version) {
    v1::EventReference& event = *outcome.add_events();
    event.set_type(type);
    event.set_version(version);
}

void name_events(v1::CommandOutcome& outcome, const fold::DomainModule& domain) {
    fold::Meta meta;
    meta.domain = domain.name;
    meta.partition = Partition(outcome.position().partition());
    meta.sequence = Sequence(outcome.position().sequence());
    for (v1::EventReference& event : *outcome.mutable_events()) {
        event.set_event_id(meta.event_id());
        ++meta.index;
    }
}

void add_problem(v1::CommandOutcome& outcome, const std::string& code,
                 std::optional<std::uint64_t> expected, const fold::DomainModule& domain) {
    const fold::CodeText text = fold::code_text(domain, code);
    v1::Problem& problem = *outcome.mutable_problem();
    problem.set_type("about:blank");
    problem.set_title(text.title);
    problem.set_status(text.status);
    problem.set_code(code);
    if (code == "version-conflict") {
        if (expected) problem.set_expected(*expected);
        problem.set_actual(outcome.version());
    }
}

}  // namespace

v1::CommandOutcome outcome_of(const fold::CommandRefusal& refusal) {
    v1::CommandOutcome outcome;
    outcome.set_command_id(refusal.command_id);
    for (const codec::Violation& violation : refusal.violations) {
        v1::Violation& told = *outcome.mutable_problem()->add_violations();
        told.set_field(violation.field);
        told.set_message(violation.message);
    }
    return outcome;
}

v1::CommandOutcome outcome_of(const std::vector<std::string>& would_be, std::uint64_t version) {
    v1::CommandOutcome outcome;
    for (const std::string& type : would_be) add_event(outcome, type, ++version);
    return outcome;
}

v1::CommandOutcome first_outcome(const v1::StoredSlot& slot) {
    v1::CommandOutcome outcome;
    outcome.set_status(slot.outcome());
    outcome.set_duplicate(true);
    outcome.set_version(slot.version());
    outcome.mutable_position()->set_sequence(slot.sequence());
    auto version = slot.version() - static_cast<std::uint64_t>(slot.event_types_size());
    for (const std::string& type : slot.event_types()) add_event(outcome, type, ++version);
    if (!slot.code().empty()) {
        outcome.mutable_problem()->set_code(slot.code());
        if (slot.has_expected_version()) {
            outcome.mutable_problem()->set_expected(slot.expected_version());
        }
    }
    return outcome;
}

void complete(v1::CommandOutcome& outcome, const v1::Entry& entry, const fold::DomainModule& domain,
              Partition partition, Sequence sequence) {
    if (!entry.command_id().empty()) outcome.set_command_id(entry.command_id());
    outcome.set_aggregate_id(entry.aggregate_id());
    v1::Position& position = *outcome.mutable_position();
    position.set_domain(domain.name);
    position.set_partition(partition.value);
    if (outcome.duplicate()) {
        const v1::Problem first = outcome.problem();
        if (!first.code().empty()) {
            std::optional<std::uint64_t> expected;
            if (first.has_expected()) expected = first.expected();
            add_problem(outcome, first.code(), expected, domain);
        }
    } else {
        outcome.set_status(entry.outcome());
        outcome.set_version(entry.version());
        position.set_sequence(sequence.value);
        for (const v1::Event& event : entry.events()) {
            add_event(outcome, event.type(), event.version());
        }
        if (!entry.code().empty()) {
            std::optional<std::uint64_t> expected;
            if (entry.has_expected_version()) expected = entry.expected_version();
            add_problem(outcome, entry.code(), expected, domain);
        }
    }
    name_events(outcome, domain);
}

}  // namespace foldstream::processing
