#include "common/processing/snapshot_restore.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/core/test_hooks.hpp"
#include "common/processing/slots.hpp"
#include "common/processing/store_keys.hpp"
#include "common/replay/place.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

using replay::position_of;
using test_hooks::FaultPoint;
using test_hooks::Mutant;

constexpr std::size_t records_a_step = 512;
constexpr std::size_t most_batch_bytes = 4 * 1024 * 1024;
constexpr std::size_t most_batch_puts = 4096;

const runtime::Logger& logger() {
    static const runtime::Logger instance("restore");
    return instance;
}

bool newer(const v1::StoredAggregate& read, const v1::StoredAggregate& have) {
    if (test_hooks::mutant(Mutant::snapshot_by_version_alone)) {
        return read.version() > have.version();
    }
    return read.sequence() > have.sequence();
}

// All that it says it has.
bool has_its_slots(const v1::Snapshot& snapshot) {
    const auto& slots = snapshot.slots();
    const v1::StoredAggregate& aggregate = snapshot.aggregate();
    return aggregate.next_slot() - aggregate.first_slot() ==
               static_cast<std::uint64_t>(slots.size()) &&
           std::none_of(slots.begin(), slots.end(),
                        [](const v1::StoredSlot& slot) { return slot.command_id().empty(); });
}

// Nothing: a tombstone, or bytes that are no reset.
std::optional<v1::PartitionReset> parse_reset(std::string_view value) {
    v1::PartitionReset reset;
    const auto size = static_cast<int>(value.size());
    if (value.empty() || !reset.ParseFromArray(value.data(), size)) return std::nullopt;
    return reset;
}

}  // namespace

SnapshotRestore::SnapshotRestore(const fold::DomainModule& domain, store::PartitionStore& store,
                                 SnapshotSource& source)
    : domain_(domain), store_(store), source_(source) {}

void SnapshotRestore::begin(bool use_marker) {
    use_marker_ = use_marker;
    store_.wipe();
    start(Purpose::restoring);
    test_hooks::fault_point(FaultPoint::restore_begun);
}

void SnapshotRestore::begin_looking_for_reset() { start(Purpose::finding_reset); }

void SnapshotRestore::begin_learning() { start(Purpose::learning); }

void SnapshotRestore::start(Purpose purpose) {
    clear();
    purpose_ = purpose;
    source_.start_at_beginning();
}

void SnapshotRestore::clear() {
    batch_ = {};
    in_batch_.clear();
    batch_bytes_ = 0;
    marker_.reset();
    partition_.reset();
    vouched_ = {};
    reset_id_.clear();
    saw_counters_ = false;
    aggregates_ = 0;
    unreadable_.clear();
    reason_.clear();
}

void SnapshotRestore::stop() { source_.stop(); }

SnapshotRestore::Progress SnapshotRestore::step(bool& worked) {
    const Progress progress = read_some(worked);
    // Whoever owns writes the same keys between two steps.
    if (purpose_ == Purpose::learning) flush();
    return progress;
}

SnapshotRestore::Progress SnapshotRestore::read_some(bool& worked) {
    for (std::size_t n = 0; n < records_a_step; ++n) {
        const auto read = source_.next();
        if (!read) return Progress::reading;
        worked = true;
        if (const auto* broken = std::get_if<Broken>(&*read)) {
            if (broken->transient) continue;
            reason_ = broken->reason;
            source_.stop();
            return Progress::broken;
        }
        if (std::holds_alternative<End>(*read)) {
            source_.stop();
            if (purpose_ == Purpose::restoring) finish();
            return Progress::done;
        }
        this->read(std::get<SnapshotRecord>(*read));
    }
    return Progress::reading;
}

void SnapshotRestore::read(const SnapshotRecord& record) {
    const bool gone = record.value.empty();  // a tombstone
    if (purpose_ == Purpose::learning) {
        learn(record, gone);
        return;
    }
    if (purpose_ == Purpose::finding_reset && record.key != reset_key) return;
    if (record.key == marker_key) {
        marker_.reset();
        v1::MarkerPointer pointer;
        const auto size = static_cast<int>(record.value.size());
        if (gone || !pointer.ParseFromArray(record.value.data(), size)) return;
        if (pointer.state_version() == domain_.evolve_version) marker_ = std::move(pointer);
        return;
    }
    if (record.key == reset_key) {
        const auto reset = parse_reset(record.value);
        if (!reset) return;
        // What was written before it, tombstoned or not, is of the log that was before.
        if (purpose_ == Purpose::restoring) store_.wipe();
        clear();
        reset_id_ = reset->id();
        // It was said of a log that had this record: it is no word on one that was cut again since.
        if (reset->has_end()) vouch(reset->end());
        return;
    }
    const auto name = parse_snapshot_key(record.key);
    if (!name) return;  // nobody's: of a newer binary, perhaps
    remember_key(*name, gone);
    if (gone) {
        const auto known = unreadable_.find(record.key);
        if (known != unreadable_.end()) unreadable_.erase(known);
        return;
    }
    if (name->aggregate == partition_name) {
        read_partition(name->cut, record.value);
    } else {
        read_aggregate(*name, record.value);
    }
    if (batch_.puts.size() >= most_batch_puts || batch_bytes_ >= most_batch_bytes) flush();
}

void SnapshotRestore::learn(const SnapshotRecord& record, bool gone) {
    if (record.key == reset_key) {
        if (const auto reset = parse_reset(record.value)) reset_id_ = reset->id();
        return;
    }
    const auto name = parse_snapshot_key(record.key);
    if (!name) return;
    remember_key(*name, gone);
    saw_counters_ = saw_counters_ || (!gone && name->aggregate == partition_name);
}

void SnapshotRestore::read_aggregate(const SnapshotName& name, std::string_view value) {
    v1::Snapshot snapshot;
    if (!snapshot.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
        !snapshot.has_aggregate()) {
        unreadable(snapshot_key(name.aggregate, name.cut));
        return;
    }
    // Of another evolve_version: its own markers vouch for it, mine do not.
    if (snapshot.state_version() != domain_.evolve_version) return;
    if (!has_its_slots(snapshot)) {
        unreadable(snapshot_key(name.aggregate, name.cut));
        return;
    }
    vouch(snapshot.written_at());
    if (in_batch_.contains(name.aggregate)) flush();
    v1::StoredAggregate have;
    const std::string key = aggregate_key(name.aggregate);
    if (const auto bytes = store_.get(key)) {
        if (!have.ParseFromString(*bytes) || !newer(snapshot.aggregate(), have)) return;
        erase_slots(name.aggregate, have.first_slot(), snapshot.aggregate().first_slot());
    } else {
        ++aggregates_;
    }
    in_batch_.emplace(name.aggregate);
    batch_bytes_ += value.size();
    batch_.puts.emplace_back(key, snapshot.aggregate().SerializeAsString());
    std::vector<std::string> slots;
    for (const v1::StoredSlot& slot : snapshot.slots()) slots.push_back(slot.SerializeAsString());
    put_slots(name.aggregate, snapshot.aggregate().first_slot(), std::move(slots), {}, batch_);
}

// Slots have the same numbers in every fold: those that are left are written over. Only what is
// there is erased: a snapshot can say that it had any number of them.
void SnapshotRestore::erase_slots(std::string_view aggregate, std::uint64_t from,
                                  std::uint64_t before) {
    if (from >= before) return;
    const std::string end = slot_key(aggregate, before);
    for (auto& [key, value] : store_.scan(slot_prefix(aggregate))) {
        if (key >= end) return;
        batch_.erases.push_back(std::move(key));
    }
}

void SnapshotRestore::read_partition(Offset cut, std::string_view value) {
    v1::PartitionSnapshot snapshot;
    if (!snapshot.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
        unreadable(snapshot_key(partition_name, cut));
        return;
    }
    if (snapshot.state_version() != domain_.evolve_version) return;
    vouch(snapshot.written_at());
    // Of one sequence the later position counts: an adoption may stand between them.
    if (!partition_ || snapshot.written_at().offset() > partition_->written_at().offset()) {
        partition_ = std::move(snapshot);
    }
}

void SnapshotRestore::unreadable(std::string_view key) {
    logger().warning("a snapshot cannot be read and is ignored: the log is folded instead",
                     {{"domain", domain_.name}, {"key", std::string(key)}});
    unreadable_.emplace(key);
}

// So that the next owner knows which keys its own snapshot makes superfluous.
void SnapshotRestore::remember_key(const SnapshotName& name, bool gone) {
    const std::string key = cuts_key(name.aggregate);
    if (in_batch_.contains(key)) flush();
    v1::SnapshotCuts known = read_cuts(store_, name.aggregate);
    auto& cuts = *known.mutable_cuts();
    const auto at = std::find(cuts.begin(), cuts.end(), name.cut.value);
    if (gone == (at == cuts.end())) return;
    if (gone) {
        cuts.erase(at);
    } else {
        cuts.Add(name.cut.value);
    }
    in_batch_.insert(key);
    batch_.puts.emplace_back(key, known.SerializeAsString());
    if (batch_.puts.size() >= most_batch_puts) flush();
}

// A snapshot is a fold of a log that had this record: the log that is read now must have it, too.
void SnapshotRestore::vouch(const v1::LogPlace& place) {
    const replay::Position position = position_of(place);
    if (position.offset > vouched_.offset) vouched_ = position;
}

void SnapshotRestore::flush() {
    if (batch_.puts.empty() && batch_.erases.empty() && !batch_.position) return;
    store_.apply(batch_);
    batch_ = {};
    in_batch_.clear();
    batch_bytes_ = 0;
}

void SnapshotRestore::finish() {
    store::StoredPosition stored;
    stored.reset_id = reset_id_;
    if (partition_) {
        stored.counters_sequence = partition_->sequence();
        stored.log_id = partition_->log_id();
        stored.last_command_offset = partition_->last_command_offset();
        stored.last_command_time_ms = partition_->last_command_time_ms();
        stored.last_command_hash = partition_->last_command_hash();
    }
    // What a marker vouches for and cannot be read is in the log's older part alone.
    const bool from_marker = use_marker_ && marker_ && partition_ && unreadable_.empty() &&
                             marker_->reset_id() == reset_id_;
    if (from_marker) {
        vouch(marker_->marker());
        stored.position = position_of(marker_->covered());
        stored.covered = marker_->covered().sequence();
        stored.marker_offset = static_cast<std::int64_t>(marker_->marker().offset());
        stored.from_marker = true;
        stored.claims = partition_->claims();
        if (partition_->has_attempt_offset()) {
            stored.attempt_offset = partition_->attempt_offset();
        }
        stored.attempt_k = partition_->attempt_k();
    }
    // Markers that are met in the log may vouch for snapshots that are not there any more.
    stored.rewrite_all = !from_marker;
    stored.vouched = vouched_;
    batch_.position = stored;
    flush();
    test_hooks::fault_point(FaultPoint::restored);
}

}  // namespace foldstream::processing
