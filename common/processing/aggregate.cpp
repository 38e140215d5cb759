#include "common/processing/aggregate.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>
#include <unordered_map>

namespace foldstream::processing {

namespace {

// Refusals that are decided again whenever the command comes again.
constexpr std::array<std::string_view, 6> unremembered = {
    "invalid", "misrouted", "not-found", "command-id-reused", "unauthenticated", "forbidden"};

std::string aggregate_key(std::string_view id) { return std::string("a/").append(id); }

std::string slot_prefix(std::string_view id) { return std::string("s/").append(id).append("/"); }

std::string slot_key(std::string_view id, std::uint64_t number) {
    std::array<char, 17> hex{};
    std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(number));
    return slot_prefix(id).append(hex.data(), 16);
}

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
    while (slots.size() > most_slots ||
           (slots.size() > least_slots && slots.front().time_ms() < now_ms - slot_age_ms)) {
        slots.pop_front();
        ++aggregate.first_slot;
    }
}

}  // namespace

const v1::StoredSlot* Aggregate::find_slot(std::string_view command_id) const {
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

Change advance(Aggregate& aggregate, const v1::Entry& entry, Sequence sequence) {
    Change change;
    change.evicted_from = aggregate.first_slot;
    aggregate.sequence = sequence;
    if (leaves_slot(entry)) {
        aggregate.slots.push_back(slot_of(entry, sequence));
        change.new_slot = aggregate.slots.back();
        evict(aggregate, entry.time_ms());
    }
    change.aggregate_id = entry.aggregate_id();
    change.state = aggregate.state;
    change.version = aggregate.version;
    change.sequence = aggregate.sequence;
    change.time_ms = aggregate.time_ms;
    change.broken = aggregate.broken;
    change.first_slot = aggregate.first_slot;
    change.next_slot = aggregate.first_slot + aggregate.slots.size();
    return change;
}

std::string fold_events(Aggregate& aggregate, const v1::Entry& entry, Sequence sequence,
                        Partition partition, const fold::DomainModule& domain) {
    std::uint64_t version = aggregate.version.value;
    for (const v1::Event& event : entry.events()) {
        if (domain.find_event(event.type()) == nullptr) {
            return "event type " + event.type() + " is unknown to this binary: update it";
        }
        if (event.version() != ++version) {
            return "event version " + std::to_string(event.version()) + " of " +
                   entry.aggregate_id() + " where " + std::to_string(version) + " was due";
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
    for (std::uint64_t n = stored.first_slot(); n < stored.next_slot(); ++n) {
        v1::StoredSlot slot;
        const auto slot_bytes = store.get(slot_key(aggregate_id, n));
        if (!slot_bytes || !slot.ParseFromString(*slot_bytes)) aggregate.broken = true;
        aggregate.slots.push_back(std::move(slot));
    }
    return aggregate;
}

void write_changes(const std::vector<const Change*>& changes, const fold::DomainModule& domain,
                   store::WriteBatch& batch) {
    std::unordered_map<std::string_view, const Change*> last;
    for (const Change* change : changes) last[change->aggregate_id] = change;
    for (const Change* change : changes) {
        const std::string& id = change->aggregate_id;
        const std::uint64_t first = last[id]->first_slot;
        if (change->new_slot && change->next_slot > first) {
            batch.puts.emplace_back(slot_key(id, change->next_slot - 1),
                                    change->new_slot->SerializeAsString());
        }
        for (std::uint64_t n = change->evicted_from; n < change->first_slot; ++n) {
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
    }
}

}  // namespace foldstream::processing
