#include "common/processing/aggregate.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include "common/core/test_hooks.hpp"
#include "common/processing/store_keys.hpp"
#include "common/replay/log_reader.hpp"

namespace foldstream::processing {

namespace {

// Refusals that are decided again whenever the command comes again.
constexpr std::array<std::string_view, 8> unremembered = {
    "invalid",         "misrouted", "not-found", "command-id-reused",
    "unauthenticated", "forbidden", "too-large", "crashed"};

void evict(Aggregate& aggregate, std::int64_t now_ms) {
    auto& slots = aggregate.slots;
    // The log may say any time: the least one must not wrap.
    constexpr std::int64_t least_ms = std::numeric_limits<std::int64_t>::min();
    const std::int64_t oldest_ms = std::max(now_ms, least_ms + slot_age_ms) - slot_age_ms;
    while (slots.size() > most_slots ||
           (slots.size() > least_slots &&
            (slots.front().time_ms < oldest_ms || aggregate.slot_bytes > most_slot_bytes))) {
        aggregate.slot_bytes -= slots.front().bytes.size();
        slots.pop_front();
        ++aggregate.first_slot;
    }
}

}  // namespace

std::optional<v1::StoredSlot> Aggregate::find_slot(std::string_view command_id) const {
    if (test_hooks::mutant(test_hooks::Mutant::no_deduplication)) return std::nullopt;
    const std::uint64_t hash = slot_hash(command_id);
    // Newest first: a client's retry follows soon after its first try.
    for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
        if (slot->id_hash != hash) continue;
        v1::StoredSlot stored;
        if (stored.ParseFromString(slot->bytes) && stored.command_id() == command_id) return stored;
    }
    return std::nullopt;
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

Change Aggregate::as_it_is() const {
    Change change;
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
    std::string new_slot;
    if (leaves_slot(entry)) {
        new_slot = aggregate.slots.emplace_back(slot_of(entry, sequence)).bytes;
        aggregate.slot_bytes += new_slot.size();
        evict(aggregate, entry.time_ms());
    }
    Change change = aggregate.as_it_is();
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
    auto slots = read_slots(store, aggregate_id, stored.first_slot(), stored.next_slot());
    if (!slots) {
        aggregate.broken = true;
        return aggregate;
    }
    for (std::string& kept : *slots) {
        auto slot = slot_of(std::move(kept));
        if (!slot) {
            aggregate.broken = true;
            slot.emplace();
        }
        aggregate.slot_bytes += slot->bytes.size();
        aggregate.slots.push_back(std::move(*slot));
    }
    return aggregate;
}

void Unwritten::add(Change change) {
    if (!change.new_slot.empty()) new_slots.push_back(std::move(change.new_slot));
    dirty = dirty || change.dirty;
    last = std::move(change);
}

void write_slots(std::string_view id, Unwritten& unwritten, const store::PartitionStore& store,
                 store::WriteBatch& batch) {
    const Change& last = unwritten.last;
    if (!unwritten.new_slots.empty()) {
        const std::uint64_t first_new = last.next_slot - unwritten.new_slots.size();
        std::string before;
        if (first_new % slots_a_key != 0) {
            before = store.get(slot_key(id, first_new)).value_or(std::string());
        }
        put_slots(id, first_new, std::move(unwritten.new_slots), std::move(before), batch);
    }
    for (std::uint64_t n = unwritten.evicted_from / slots_a_key; n < last.first_slot / slots_a_key;
         ++n) {
        batch.erases.push_back(slot_key(id, n * slots_a_key));
    }
}

store::KeyValue stored(std::string_view id, const Change& last, const fold::DomainModule& domain) {
    v1::StoredAggregate stored;
    stored.set_version(last.version.value);
    stored.set_sequence(last.sequence.value);
    stored.set_time_ms(last.time_ms);
    stored.set_first_slot(last.first_slot);
    stored.set_next_slot(last.next_slot);
    stored.set_broken(last.broken);
    stored.set_state(domain.state.encode(last.state));
    return {aggregate_key(id), stored.SerializeAsString()};
}

}  // namespace foldstream::processing
