#include "common/processing/decider.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "common/core/test_hooks.hpp"

namespace foldstream::processing {

namespace {

constexpr std::string_view internal = "internal";
constexpr std::size_t max_kept_key_bytes = 512;

void set_input(v1::Entry& entry, const CommandPlace& place) {
    auto& input = *entry.mutable_command();
    input.set_offset(static_cast<std::uint64_t>(place.offset.value));
    input.set_append_time_ms(place.append_time_ms);
    input.set_raw_hash(place.raw_hash);
    entry.set_next_offset(static_cast<std::uint64_t>(place.offset.value) + 1);
}

void set_identity(v1::Entry& entry, const fold::DecodedCommand& command) {
    entry.set_command_id(command.command_id);
    entry.set_command_type(command.type->name);
    entry.set_aggregate_id(command.aggregate_id);
    entry.set_body_hash(command.body_hash);
    entry.set_traceparent(command.traceparent);
    for (const v1::Attribute& attribute : command.attributes) *entry.add_attributes() = attribute;
}

void refuse_with(v1::Entry& entry, std::string_view code) {
    entry.set_outcome(v1::OUTCOME_REFUSED);
    entry.set_code(std::string(code));
}

// The command was seen before: its first answer, or a refusal when it says something else now.
void repeat(v1::Entry& entry, const v1::StoredSlot& slot) {
    if (slot.body_hash() != entry.body_hash()) {
        refuse_with(entry, "command-id-reused");
        return;
    }
    entry.set_outcome(v1::OUTCOME_DUPLICATE);
    entry.set_first(slot.sequence());
}

// The version that the sender expects is not the aggregate's. (A command that needs an aggregate
// and finds none is the domain's to refuse: not-found says more than a version.)
bool conflicts(const Aggregate& aggregate, const fold::DecodedCommand& command) {
    if (!command.expected_version || *command.expected_version == aggregate.version) return false;
    return aggregate.version.value != 0 || command.type->options.creates();
}

struct Tentative {
    fold::State state;
    std::vector<fold::NewEvent> events;
};

// decide and evolve, without touching the aggregate; nothing when the domain threw.
std::optional<Result<Tentative, fold::Rejection>> attempt(const Aggregate& aggregate,
                                                          const fold::DecodedCommand& command,
                                                          const v1::Entry& entry,
                                                          Partition partition, Sequence sequence,
                                                          const fold::DomainModule& domain) {
    try {
        const fold::Context context(entry.time_ms(), entry.aggregate_id(), entry.command_id(),
                                    entry.principal(), domain.space);
        test_hooks::poison(entry.command_id());
        auto decided = command.type->decide(aggregate.state, *command.message, context);
        if (!decided) {
            return Result<Tentative, fold::Rejection>(Failure<fold::Rejection>{decided.error()});
        }
        Tentative tentative{aggregate.state, std::move(*decided)};
        fold::Meta meta;
        meta.time_ms = entry.time_ms();
        meta.aggregate_id = entry.aggregate_id();
        meta.version = aggregate.version;
        meta.partition = partition;
        meta.sequence = sequence;
        meta.domain = domain.name;
        meta.principal = entry.principal();
        for (const fold::NewEvent& event : tentative.events) {
            ++meta.version.value;
            tentative.state = event.type->evolve(tentative.state, *event.message, meta);
            ++meta.index;
        }
        return Result<Tentative, fold::Rejection>(std::move(tentative));
    } catch (...) {
        return std::nullopt;
    }
}

void add_events(v1::Entry& entry, const std::vector<fold::NewEvent>& events, Version before) {
    for (const fold::NewEvent& made : events) {
        v1::Event& event = *entry.add_events();
        event.set_type(made.type->name);
        event.set_version(++before.value +
                          (test_hooks::mutant(test_hooks::Mutant::off_by_one_version) ? 1 : 0));
        event.set_payload(fold::serialize_deterministic(*made.message));
    }
}

// The entry, or the snapshot that the aggregate would have: refusals to come may add slots up to
// their own bound.
bool too_large(const v1::Entry& entry, const Aggregate& aggregate, const Tentative& tentative,
               const fold::DomainModule& domain) {
    const std::size_t entry_bytes = entry.ByteSizeLong();
    if (entry_bytes > max_entry_bytes) return true;
    const std::size_t slots = std::max(aggregate.slot_bytes + entry_bytes, most_slot_bytes);
    return domain.state.encode(tentative.state).size() + slots > max_entry_bytes;
}

void accept(v1::Entry& entry, Aggregate& aggregate, Tentative tentative,
            const fold::DomainModule& domain) {
    add_events(entry, tentative.events, aggregate.version);
    const bool moves = !tentative.events.empty();
    if (moves && too_large(entry, aggregate, tentative, domain)) {
        entry.clear_events();
        refuse_with(entry, "too-large");
        return;
    }
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    if (!moves) return;
    aggregate.state = std::move(tentative.state);
    aggregate.version.value += tentative.events.size();
    aggregate.time_ms = entry.time_ms();
}

}  // namespace

CommandPlace place_of(const fold::RawCommand& raw) {
    return {raw.offset, raw.append_time_ms, XXH3_64bits(raw.value.data(), raw.value.size())};
}

CommandPlace place_of(const v1::CommandInput& input) {
    return {Offset(static_cast<std::int64_t>(input.offset())), input.append_time_ms(),
            input.raw_hash()};
}

v1::Entry crashed(const fold::RawCommand& raw, const CommandPlace& place, bool keep) {
    v1::Entry entry;
    set_input(entry, place);
    refuse_with(entry, crashed_code);
    if (!keep) return entry;
    *entry.mutable_kept() = fold::keep_undecoded(raw);
    if (raw.key && raw.key->size() <= max_kept_key_bytes) entry.set_kept_key(std::string(*raw.key));
    return entry;
}

v1::Entry take_platform_command(const fold::DecodedCommand& command, const CommandPlace& place) {
    v1::Entry entry;
    set_input(entry, place);
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    entry.set_command_id(command.command_id);
    entry.set_command_type(command.message->GetDescriptor()->full_name());
    entry.set_time_ms(place.append_time_ms);
    return entry;
}

v1::Entry refuse(const fold::CommandRefusal& refusal, const CommandPlace& place) {
    v1::Entry entry;
    set_input(entry, place);
    refuse_with(entry, refusal.code);
    if (refusal.identified) {
        set_identity(entry, *refusal.identified);
        entry.set_time_ms(place.append_time_ms);
    }
    return entry;
}

void decide(v1::Entry& entry, Aggregate& aggregate, const fold::DecodedCommand& command,
            const CommandPlace& place, Partition partition, Sequence sequence,
            const fold::DomainModule& domain, std::vector<std::string>* would_be) {
    set_input(entry, place);
    set_identity(entry, command);
    entry.set_time_ms(std::max(place.append_time_ms, aggregate.time_ms));

    std::optional<v1::StoredSlot> slot;
    if (!command.dry_run) slot = aggregate.find_slot(command.command_id);
    if (slot) {
        repeat(entry, *slot);
    } else if (aggregate.broken) {
        refuse_with(entry, internal);
    } else if (conflicts(aggregate, command)) {
        refuse_with(entry, "version-conflict");
        entry.set_expected_version(command.expected_version->value);
    } else {
        auto outcome = attempt(aggregate, command, entry, partition, sequence, domain);
        if (!outcome) {
            refuse_with(entry, internal);
        } else if (!outcome->ok()) {
            refuse_with(entry, outcome->error().code);
        } else if (!command.dry_run) {
            accept(entry, aggregate, std::move(outcome->value()), domain);
        } else if (would_be != nullptr) {
            for (const fold::NewEvent& event : outcome->value().events) {
                would_be->push_back(event.type->name);
            }
        }
    }
    // What would have been is told in the reply; the entry has neither events nor slot.
    if (command.dry_run) entry.set_outcome(v1::OUTCOME_DRY_RUN);
    entry.set_version(aggregate.version.value);
}

}  // namespace foldstream::processing
