#include "common/processing/snapshot_round.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>
#include <vector>

#include "common/core/test_hooks.hpp"
#include "common/processing/store_keys.hpp"
#include "common/replay/place.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

using replay::place_of;
using test_hooks::Mutant;

constexpr std::size_t marks_a_step = 128;
constexpr std::size_t most_outstanding = 2'000;
constexpr std::size_t most_outstanding_bytes = 8 * 1024 * 1024;
// Epochs between an aggregate's last entry and now under which it may have been written by owners
// that this store has not seen: the first ones, because snapshots follow soon.
constexpr std::uint64_t most_epochs_guessed = 8;
constexpr int most_epochs_known = 16;

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
                             store::PartitionStore& store, SnapshotSink& sink)
    : domain_(domain), partition_(partition), store_(store), sink_(sink) {}

void SnapshotRound::move_to(RoundState next) {
    assert(allowed(state_, next));
    state_ = next;
}

void SnapshotRound::open(Epoch epoch) {
    end();
    epoch_ = epoch;
    first_in_epoch_ = true;
    run_ = epoch.value;  // an epoch is owned once: no earlier report has this tag
    outstanding_ = outstanding_bytes_ = 0;
    check_ = {};
}

void SnapshotRound::end() {
    if (state_ != RoundState::resting) move_to(RoundState::resting);
}

bool SnapshotRound::begin(const store::StoredPosition& covered) {
    assert(state_ == RoundState::resting);
    const auto last = store_.last_key(marks_prefix);
    if (!last) return false;
    covered_ = covered;
    before_ = covered.covered;
    last_mark_ = *last;
    cursor_.clear();
    marks_done_ = marker_taken_ = false;
    written_ = 0;
    move_to(RoundState::writing);
    return true;
}

bool SnapshotRound::in_flight_full() const {
    return outstanding_ >= most_outstanding || outstanding_bytes_ >= most_outstanding_bytes;
}

bool SnapshotRound::send(std::string_view key, std::string_view value, std::size_t bytes) {
    const Sent sent = sink_.send(key, value, run_);
    if (sent == Sent::refused) {
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
            test_hooks::fault_point("snapshots-delivered");
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

// Nothing of an aggregate is decoded: its bytes in the store are its bytes in the snapshot. It may
// be newer than M; then its snapshot is, too.
bool SnapshotRound::write_page() {
    const auto page = store_.scan(marks_prefix, cursor_, marks_a_step);
    for (const auto& [key, value] : page) {
        if (in_flight_full()) return true;
        // Marks behind the last one of the beginning are newer than M.
        if (key > last_mark_) break;
        const std::string_view aggregate = std::string_view(key).substr(marks_prefix.size());
        if (parse_mark(value).sequence.value > before_) {
            const auto snapshot = read_snapshot(store_, aggregate, domain_.evolve_version);
            if (!snapshot) {
                logger().error("an aggregate of the store cannot be read: no marker vouches for it",
                               {{"domain", domain_.name},
                                {"partition", std::int64_t{partition_.value}},
                                {"aggregate", std::string(aggregate)}});
                end();
                return false;
            }
            const std::string bytes = snapshot->SerializeAsString();
            if (!send(snapshot_key(aggregate, epoch_), bytes, bytes.size())) return false;
            ++written_;
            test_hooks::fault_point("snapshot-sent");
        }
        cursor_ = key;
    }
    if (page.size() < marks_a_step || page.back().first >= last_mark_) marks_done_ = true;
    return true;
}

bool SnapshotRound::write_partition() {
    if (written_ == 0) {  // all that is marked is in snapshots already
        end();
        return false;
    }
    const std::string bytes =
        partition_snapshot(covered_, domain_.evolve_version).SerializeAsString();
    if (!send(snapshot_key(partition_name, epoch_), bytes, bytes.size())) return false;
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
    before_ = before.value;
    pointer_.Clear();
    pointer_.set_state_version(domain_.evolve_version);
    pointer_.mutable_marker()->CopyFrom(place_of(marker));
    pointer_.mutable_covered()->CopyFrom(place_of(covered_.position));
    pointer_.set_reset_id(covered_.reset_id);
    test_hooks::fault_point("marker-read");
    // A pointer that is not written makes a restore slower, no more: it is tried once.
    (void)send(marker_key, pointer_.SerializeAsString(), 0);
    test_hooks::fault_point("pointer-sent");
    if (state_ != RoundState::marking) return;
    move_to(RoundState::pointing);
    logger().info("snapshots are written", {{"domain", domain_.name},
                                            {"partition", std::int64_t{partition_.value}},
                                            {"aggregates", std::uint64_t{written_}},
                                            {"sequence", covered_.position.sequence.value}});
}

// Marks that the marker covers are done with. An aggregate that was touched since keeps its mark:
// the next round writes it again.
bool SnapshotRound::sweep_page() {
    store::WriteBatch batch;
    if (first_in_epoch_) {
        const std::uint64_t back = std::min<std::uint64_t>(epoch_.value - 1, most_epochs_guessed);
        if (!sweep(partition_name, Epoch(epoch_.value - back), batch)) return false;
        first_in_epoch_ = false;
    }
    const auto page = store_.scan(marks_prefix, cursor_, marks_a_step);
    bool full = false;
    for (const auto& [key, value] : page) {
        const DirtyMark mark = parse_mark(value);
        const std::string_view aggregate = std::string_view(key).substr(marks_prefix.size());
        if (mark.sequence.value <= covered_.position.sequence.value) {
            if (mark.sequence.value <= before_) {
                remember(aggregate, mark.epoch, batch);
            } else if (!sweep(aggregate, mark.epoch, batch)) {
                full = true;
                break;
            }
            batch.erases.push_back(key);
        }
        cursor_ = key;
    }
    if (!batch.puts.empty() || !batch.erases.empty()) store_.apply(batch);
    if (!full && page.size() < marks_a_step) {
        test_hooks::fault_point("tombstones-sent");
        end();
    }
    return !full;
}

// Written under this epoch, read back and vouched for: what older epochs wrote is superfluous.
bool SnapshotRound::sweep(std::string_view aggregate, Epoch touched, store::WriteBatch& batch) {
    v1::SnapshotEpochs known = read_epochs(store_, aggregate);
    std::vector<std::uint64_t> old(known.epochs().begin(), known.epochs().end());
    if (std::find(old.begin(), old.end(), epoch_.value) != old.end()) return true;  // done before
    for (std::uint64_t e = std::max<std::uint64_t>(touched.value, 1), n = 0;
         e < epoch_.value && n < most_epochs_guessed; ++e, ++n) {
        old.push_back(e);
    }
    std::sort(old.begin(), old.end());
    old.erase(std::unique(old.begin(), old.end()), old.end());
    for (const std::uint64_t epoch : old) {
        if (epoch >= epoch_.value) continue;  // never the own one
        if (!send(snapshot_key(aggregate, Epoch(epoch)), {}, 0)) return false;
    }
    known.Clear();
    known.add_epochs(epoch_.value);
    batch.puts.emplace_back(epochs_key(aggregate), known.SerializeAsString());
    return true;
}

// Clean since before this round, by a marker of another owner: its key is kept in mind.
void SnapshotRound::remember(std::string_view aggregate, Epoch touched, store::WriteBatch& batch) {
    v1::SnapshotEpochs known = read_epochs(store_, aggregate);
    auto& epochs = *known.mutable_epochs();
    for (std::uint64_t e = touched.value, n = 0; e < epoch_.value && n < most_epochs_guessed;
         ++e, ++n) {
        const bool there = std::find(epochs.begin(), epochs.end(), e) != epochs.end();
        if (!there && epochs.size() < most_epochs_known) epochs.Add(e);
    }
    batch.puts.emplace_back(epochs_key(aggregate), known.SerializeAsString());
}

}  // namespace foldstream::processing
