#include "common/processing/snapshot_round.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/processing/store_keys.hpp"
#include "common/replay/place.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

using replay::place_of;
using test_hooks::FaultPoint;
using test_hooks::Mutant;

constexpr std::size_t marks_a_step = 128;
constexpr std::size_t most_outstanding = 2'000;
constexpr std::size_t most_outstanding_bytes = 8 * 1024 * 1024;
// Of one aggregate, while round after round fails. Older ones are found again on the next takeover.
constexpr int most_cuts_known = 64;

const runtime::Logger& logger() {
    static const runtime::Logger instance("snapshots");
    return instance;
}

}  // namespace

std::string_view name(RoundState state) {
    static constexpr std::array<std::string_view, 6> names = {"resting", "writing",  "delivering",
                                                              "marking", "pointing", "sweeping"};
    return names[static_cast<std::size_t>(state)];
}

bool allowed(RoundState from, RoundState to) {
    using enum RoundState;
    if (to == resting) return from != resting;
    return static_cast<int>(to) == static_cast<int>(from) + 1;
}

SnapshotRound::SnapshotRound(const fold::DomainModule& domain, Partition partition,
                             store::PartitionStore& store, SnapshotSink& sink, SnapshotProbe& probe)
    : domain_(domain), partition_(partition), store_(store), sink_(sink), probe_(probe) {}

void SnapshotRound::move_to(RoundState next) {
    assert(allowed(state_, next));
    state_ = next;
}

void SnapshotRound::open(Epoch epoch) {
    end();
    run_ = epoch.value;  // an epoch is owned once: no earlier report has this tag
    outstanding_ = outstanding_bytes_ = 0;
    check_ = {};
}

void SnapshotRound::end() {
    if (state_ == RoundState::resting) return;
    if (state_ <= RoundState::marking) probe_.ended_early();
    move_to(RoundState::resting);
}

bool SnapshotRound::begin(const store::StoredPosition& covered) {
    assert(state_ == RoundState::resting);
    const auto last = store_.last_key(marks_prefix);
    if (!last) return false;
    covered_ = covered;
    before_ = covered.covered;
    last_mark_ = *last;
    cursor_.clear();
    marks_done_ = marker_taken_ = counters_swept_ = false;
    written_ = 0;
    move_to(RoundState::writing);
    return true;
}

bool SnapshotRound::dirty() const { return store_.last_key(marks_prefix).has_value(); }

bool SnapshotRound::in_flight_full() const {
    return outstanding_ >= most_outstanding || outstanding_bytes_ >= most_outstanding_bytes;
}

bool SnapshotRound::send(std::string_view key, std::string_view value, std::size_t bytes) {
    const Sent sent = sink_.send(key, value, run_);
    if (sent == Sent::too_large || sent == Sent::refused) {
        logger().error("a snapshot cannot be sent, and the round ends without a marker",
                       {{"domain", domain_.name},
                        {"partition", std::int64_t{partition_.value}},
                        {"key", std::string(key)}});
        end();
    }
    if (sent != Sent::queued) return false;
    ++outstanding_;
    outstanding_bytes_ += bytes;
    return true;
}

bool SnapshotRound::step() {
    switch (state_) {
        case RoundState::resting:
        case RoundState::marking:
            return false;
        case RoundState::writing:
            if (in_flight_full()) return false;
            return marks_done_ ? write_partition() : write_page();
        case RoundState::delivering:
            if (outstanding_ > 0 && !test_hooks::mutant(Mutant::marker_before_delivery)) {
                return false;
            }
            test_hooks::fault_point(FaultPoint::snapshots_delivered);
            move_to(RoundState::marking);
            return true;
        case RoundState::pointing:
            if (outstanding_ > 0) return false;
            cursor_.clear();
            move_to(RoundState::sweeping);
            return true;
        case RoundState::sweeping:
            return !in_flight_full() && sweep_page();
    }
    return false;
}

bool SnapshotRound::write_page() {
    const auto page = store_.scan(marks_prefix, cursor_, marks_a_step);
    const v1::LogPlace written_at = place_of(store_.position().position);
    store::WriteBatch known;
    bool whole = true;
    for (const auto& [key, value] : page) {
        // Marks behind the last one of the beginning are newer than M.
        if (key > last_mark_) break;
        const std::string_view aggregate = std::string_view(key).substr(marks_prefix.size());
        whole = parse_mark(value).value <= before_ || write_aggregate(aggregate, written_at, known);
        if (!whole) break;
        cursor_ = key;
    }
    if (!known.puts.empty()) store_.apply(known);
    if (!whole) return in_flight_full();
    marks_done_ = page.size() < marks_a_step || page.back().first >= last_mark_;
    return true;
}

// Nothing of it is decoded: its bytes in the store are its bytes in the snapshot. It may be newer
// than M; then its snapshot is, too. False: not now, or the round is over.
bool SnapshotRound::write_aggregate(std::string_view aggregate, const v1::LogPlace& written_at,
                                    store::WriteBatch& known) {
    if (in_flight_full()) return false;
    const auto snapshot = read_snapshot(store_, aggregate, domain_.evolve_version, written_at);
    if (!snapshot) {
        logger().error("an aggregate of the store cannot be read: no marker vouches for it",
                       {{"domain", domain_.name},
                        {"partition", std::int64_t{partition_.value}},
                        {"aggregate", std::string(aggregate)}});
        end();
        return false;
    }
    const std::string bytes = snapshot->SerializeAsString();
    if (!send(snapshot_key(aggregate, cut()), bytes, bytes.size())) return false;
    remember(aggregate, known);
    ++written_;
    probe_.written();
    test_hooks::fault_point(FaultPoint::snapshot_sent);
    return true;
}

bool SnapshotRound::write_partition() {
    if (written_ == 0) {  // all that is marked is in snapshots already
        move_to(RoundState::resting);
        return false;
    }
    const std::string bytes =
        partition_snapshot(covered_, domain_.evolve_version).SerializeAsString();
    if (!send(snapshot_key(partition_name, cut()), bytes, bytes.size())) return false;
    store::WriteBatch known;
    remember(partition_name, known);
    store_.apply(known);
    move_to(RoundState::delivering);
    return true;
}

std::string SnapshotRound::delivery(const kafka::DeliveryReport& report) {
    if (report.tag != run_) return {};  // of an epoch that is over
    const bool delivered = check_.delivered(report.no_error, report.offset);
    if (outstanding_ > 0) --outstanding_;
    if (outstanding_ == 0) outstanding_bytes_ = 0;
    if (delivered) return {};
    if (test_hooks::mutant(Mutant::snapshots_after_a_failed_one)) {
        outstanding_ = 0;
        end();
        return {};
    }
    return "a snapshot was not delivered: " +
           (report.error.empty() ? std::string("its delivery is unproved") : report.error);
}

std::optional<v1::MarkerInput> SnapshotRound::take_marker() {
    if (state_ != RoundState::marking || std::exchange(marker_taken_, true)) return std::nullopt;
    v1::MarkerInput marker;
    marker.mutable_covered()->CopyFrom(place_of(covered_.position));
    if (covered_.marker_offset >= 0) {
        marker.set_previous_marker_offset(static_cast<std::uint64_t>(covered_.marker_offset));
    }
    marker.set_state_version(domain_.evolve_version);
    return marker;
}

void SnapshotRound::marker_read(const replay::Position& marker, Sequence before) {
    if (state_ != RoundState::marking) return;
    probe_.marked();
    before_ = before.value;
    pointer_.Clear();
    pointer_.set_state_version(domain_.evolve_version);
    pointer_.mutable_marker()->CopyFrom(place_of(marker));
    pointer_.mutable_covered()->CopyFrom(place_of(covered_.position));
    pointer_.set_reset_id(covered_.reset_id);
    test_hooks::fault_point(FaultPoint::marker_read);
    move_to(RoundState::pointing);
    // A pointer that is not written makes a restore slower, no more: it is tried once.
    (void)send(marker_key, pointer_.SerializeAsString(), 0);
    test_hooks::fault_point(FaultPoint::pointer_sent);
    if (state_ != RoundState::pointing) return;
    logger().info("snapshots are written", {{"domain", domain_.name},
                                            {"partition", std::int64_t{partition_.value}},
                                            {"aggregates", std::uint64_t{written_}},
                                            {"sequence", covered_.position.sequence.value}});
}

// Marks that the marker covers are done with. An aggregate that was touched since keeps its mark,
// and the next round writes it again; its older snapshots go nevertheless, or one that is touched
// in every round would leave one after each.
bool SnapshotRound::sweep_page() {
    store::WriteBatch batch;
    if (!counters_swept_) {
        counters_swept_ = sweep(partition_name, batch);
        if (!counters_swept_) {
            store_.apply(batch);
            return false;
        }
    }
    const auto page = store_.scan(marks_prefix, cursor_, marks_a_step);
    bool whole = true;
    for (const auto& [key, value] : page) {
        const Sequence touched = parse_mark(value);
        // What the marker before covers was not written in this round.
        whole = touched.value <= before_ ||
                sweep(std::string_view(key).substr(marks_prefix.size()), batch);
        if (!whole) break;
        if (touched <= covered_.position.sequence) batch.erases.push_back(key);
        cursor_ = key;
    }
    if (!batch.puts.empty() || !batch.erases.empty()) store_.apply(batch);
    if (whole && page.size() < marks_a_step) {
        test_hooks::fault_point(FaultPoint::tombstones_sent);
        end();
    }
    return whole;
}

void SnapshotRound::remember(std::string_view aggregate, store::WriteBatch& batch) const {
    v1::SnapshotCuts known = read_cuts(store_, aggregate);
    auto& cuts = *known.mutable_cuts();
    if (std::find(cuts.begin(), cuts.end(), cut().value) != cuts.end()) return;
    if (cuts.size() >= most_cuts_known) cuts.erase(cuts.begin());
    cuts.Add(cut().value);
    batch.puts.emplace_back(cuts_key(aggregate), known.SerializeAsString());
}

// Where it was written under this cut, which is read back and vouched for: what has an older one is
// superfluous.
bool SnapshotRound::sweep(std::string_view aggregate, store::WriteBatch& batch) {
    const v1::SnapshotCuts known = read_cuts(store_, aggregate);
    const auto& cuts = known.cuts();
    if (std::find(cuts.begin(), cuts.end(), cut().value) == cuts.end()) return true;
    v1::SnapshotCuts left;
    bool whole = true;
    for (const std::int64_t older : cuts) {
        whole =
            whole && (older >= cut().value ||
                      (!in_flight_full() && send(snapshot_key(aggregate, Offset(older)), {}, 0)));
        if (!whole || older >= cut().value) left.add_cuts(older);
    }
    if (left.cuts_size() < known.cuts_size()) {
        batch.puts.emplace_back(cuts_key(aggregate), left.SerializeAsString());
    }
    return whole;
}

}  // namespace foldstream::processing
