#include "common/processing/aggregate.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <unordered_map>

#include "common/core/test_hooks.hpp"
#include "common/processing/store_keys.hpp"
#include "common/replay/log_reader.hpp"

namespace foldstream::processing {

namespace {

// Refusals that are decided again whenever the command comes again.
constexpr std::array<std::string_view, 8> unremembered = {
    "invalid",         "misrouted", "not-found", "command-id-reused",
    "unauthenticated", "forbidden", "too-large", "crashed"};

v1::StoredSlot slot_of(const v1::Entry& entry, Sequence sequence) {
    v1::StoredSlot slot;
    slot.set_command_id(entry.command_id());
    slot.set_body_hash(entry.body_hash());
    slot.set_sequence(sequence.value);
    slot.set_outcome(entry.outcome());
    slot.set_code(entry.code());
    slot.set_version(entry.version());
    slot.set_time_ms(entry.time_ms());
    for (const v1::Event& event : entry.events()) slot.add_event_types(event.type());
    if (entry.has_expected_version()) slot.set_expected_version(entry.expected_version());
    return slot;
}

void evict(Aggregate& aggregate, std::int64_t now_ms) {
    auto& slots = aggregate.slots;
    // The log may say any time: the least one must not wrap.
    constexpr std::int64_t least_ms = std::numeric_limits<std::int64_t>::min();
    const std::int64_t oldest_ms = std::max(now_ms, least_ms + slot_age_ms) - slot_age_ms;
    while (slots.size() > most_slots ||
           (slots.size() > least_slots &&
            (slots.front().time_ms() < oldest_ms || aggregate.slot_bytes > most_slot_bytes))) {
        aggregate.slot_bytes -= slots.front().ByteSizeLong();
        slots.pop_front();
        ++aggregate.first_slot;
    }
}

}  // namespace

const v1::StoredSlot* Aggregate::find_slot(std::string_view command_id) const {
    if (test_hooks::mutant(test_hooks::Mutant::no_deduplication)) return nullptr;
    // Newest first: a client's retry follows soon after its first try.
    for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
        if (slot->command_id() == command_id) return &*slot;
    }
    return nullptr;
}

bool leaves_slot(const v1::Entry& entry) {
    if (entry.command_id().empty() || entry.body_hash().empty()) return false;
    if (entry.outcome() == v1::OUTCOME_ACCEPTED) return true;
    if (entry.outcome() != v1::OUTCOME_REFUSED || entry.version() == 0) return false;
    return std::find(unremembered.begin(), unremembered.end(), entry.code()) == unremembered.end();
}

bool touches_aggregate(const v1::Entry& entry) {
    return leaves_slot(entry) || entry.events_size() > 0;
}

Change Aggregate::as_it_is(std::string_view id) const {
    Change change;
    change.aggregate_id = id;
    change.state = state;
    change.version = version;
    change.sequence = sequence;
    change.time_ms = time_ms;
    change.broken = broken;
    change.first_slot = change.evicted_from = first_slot;
    change.next_slot = first_slot + slots.size();
    return change;
}

Change advance(Aggregate& aggregate, const v1::Entry& entry, Sequence sequence) {
    aggregate.sequence = sequence;
    const std::uint64_t evicted_from = aggregate.first_slot;
    std::optional<v1::StoredSlot> new_slot;
    if (leaves_slot(entry)) {
        new_slot = aggregate.slots.emplace_back(slot_of(entry, sequence));
        aggregate.slot_bytes += new_slot->ByteSizeLong();
        evict(aggregate, entry.time_ms());
    }
    Change change = aggregate.as_it_is(entry.aggregate_id());
    change.evicted_from = evicted_from;
    change.new_slot = std::move(new_slot);
    return change;
}

FoldFailure fold_events(Aggregate& aggregate, const v1::Entry& entry, Sequence sequence,
                        Partition partition, const fold::DomainModule& domain) {
    std::uint64_t version = aggregate.version.value;
    const auto events = static_cast<std::uint64_t>(entry.events_size());
    if (entry.version() != version + events) {
        return {"entry " + std::to_string(sequence.value) + " was decided on version " +
                    std::to_string(entry.version() - events) + " of " + entry.aggregate_id() +
                    ", and " + std::to_string(version) + " is what the fold has",
                true};
    }
    for (const v1::Event& event : entry.events()) {
        if (domain.find_event(event.type()) == nullptr) {
            return {"event type " + event.type() + " is unknown to this binary: update it", false};
        }
        if (event.version() != ++version) {
            return {"event version " + std::to_string(event.version()) + " of " +
                        entry.aggregate_id() + " where " + std::to_string(version) + " was due" +
                        std::string(replay::put_back_the_log),
                    false};
        }
    }
    fold::Meta meta;
    meta.time_ms = entry.time_ms();
    meta.aggregate_id = entry.aggregate_id();
    meta.partition = partition;
    meta.sequence = sequence;
    meta.domain = domain.name;
    meta.principal = entry.principal();
    for (const v1::Event& event : entry.events()) {
        const fold::EventType& type = *domain.find_event(event.type());
        meta.version = Version(event.version());
        aggregate.version = meta.version;
        aggregate.time_ms = entry.time_ms();
        if (!aggregate.broken) {
            const std::unique_ptr<google::protobuf::Message> message(type.prototype->New());
            try {
                if (message->ParseFromString(event.payload())) {
                    aggregate.state = type.evolve(aggregate.state, *message, meta);
                } else {
                    aggregate.broken = true;
                }
            } catch (const std::bad_alloc&) {
                throw;  // says nothing about the event
            } catch (...) {
                aggregate.broken = true;
            }
        }
        ++meta.index;
    }
    return {};
}

Aggregate load_aggregate(const store::PartitionStore& store, const fold::DomainModule& domain,
                         std::string_view aggregate_id) {
    Aggregate aggregate;
    aggregate.state = domain.state.initial;
    const auto bytes = store.get(aggregate_key(aggregate_id));
    if (!bytes) return aggregate;
    v1::StoredAggregate stored;
    std::optional<fold::State> state;
    if (stored.ParseFromString(*bytes)) state = domain.state.decode(stored.state());
    if (state) {
        aggregate.state = std::move(*state);
    } else {
        aggregate.broken = true;
    }
    aggregate.version = Version(stored.version());
    aggregate.sequence = Sequence(stored.sequence());
    aggregate.time_ms = stored.time_ms();
    aggregate.broken = aggregate.broken || stored.broken();
    aggregate.first_slot = stored.first_slot();
    for (const auto& [key, value] : store.scan(slot_prefix(aggregate_id))) {
        v1::StoredSlot slot;
        if (!slot.ParseFromString(value)) aggregate.broken = true;
        aggregate.slot_bytes += slot.ByteSizeLong();
        aggregate.slots.push_back(std::move(slot));
    }
    if (aggregate.slots.size() != stored.next_slot() - stored.first_slot()) aggregate.broken = true;
    return aggregate;
}

void write_changes(const std::vector<Change>& changes, const fold::DomainModule& domain,
                   store::WriteBatch& batch) {
    std::unordered_map<std::string_view, const Change*> last;
    for (const Change& change : changes) last[change.aggregate_id] = &change;
    for (const Change& change : changes) {
        const std::string& id = change.aggregate_id;
        const std::uint64_t first = last[id]->first_slot;
        if (change.new_slot && change.next_slot > first) {
            batch.puts.emplace_back(slot_key(id, change.next_slot - 1),
                                    change.new_slot->SerializeAsString());
        }
        for (std::uint64_t n = change.evicted_from; n < change.first_slot; ++n) {
            batch.erases.push_back(slot_key(id, n));
        }
    }
    for (const auto& [id, change] : last) {
        v1::StoredAggregate stored;
        stored.set_version(change->version.value);
        stored.set_sequence(change->sequence.value);
        stored.set_time_ms(change->time_ms);
        stored.set_first_slot(change->first_slot);
        stored.set_next_slot(change->next_slot);
        stored.set_broken(change->broken);
        stored.set_state(domain.state.encode(change->state));
        batch.puts.emplace_back(aggregate_key(id), stored.SerializeAsString());
        // In the entry's own batch, whoever decided it: the next marker that vouches for this
        // aggregate may be mine.
        if (change->dirty) batch.puts.emplace_back(mark_key(id), mark_value(change->sequence));
    }
}

}  // namespace foldstream::processing
