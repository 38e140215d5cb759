// Writes the snapshots of a partition, round by round, and says when a marker may vouch for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/fold/domain.hpp"
#include "common/kafka/producer.hpp"
#include "common/processing/ports.hpp"
#include "common/processing/snapshot_probe.hpp"
#include "common/processing/snapshot_record.hpp"
#include "common/store/store.hpp"

namespace foldstream::processing {

// clang-format off
//   resting ------> writing       begin(): something is dirty
//   writing ------> delivering    every dirty aggregate, and the partition's own record, is sent
//   delivering ---> marking       all of them are delivered: the owner decides the marker entry
//   marking ------> pointing      the marker is read back; @marker is sent
//   pointing -----> sweeping      it is delivered: what older rounds wrote of it gets tombstones
//   sweeping -----> resting
//   each of them -> resting       end(): the owner is fenced, or leaves
// clang-format on
enum class RoundState : std::uint8_t {
    resting,
    writing,
    delivering,
    marking,
    pointing,
    sweeping,
};
std::string_view name(RoundState state);
bool allowed(RoundState from, RoundState to);

// The owner's, on its thread, while it owns. A round's keys carry its cut, the place of the M
// that its marker is to vouch for, and all that is written under them is the fold up to M or
// further. So whatever else lands under such a key, late, or out of the hands of a twin of this
// epoch, is good enough for that marker, too. Beside that the producer is never replaced within an
// epoch, and after a delivery that failed or is unproved the epoch ends.
class SnapshotRound {
public:
    SnapshotRound(const fold::DomainModule& domain, Partition partition,
                  store::PartitionStore& store, SnapshotSink& sink, SnapshotProbe& probe);

    // A new epoch is owned: nothing of what was sent before is waited for.
    void open(Epoch epoch);
    void end();

    [[nodiscard]] bool dirty() const;
    // From `covered` = what has been read back. False: nothing is dirty.
    bool begin(const store::StoredPosition& covered);
    // A bounded piece of work; false: nothing to do at the moment.
    bool step();
    // Empty: fine. Else why the epoch must end.
    std::string delivery(const kafka::DeliveryReport& report);

    // In state marking: what the marker entry is to say, once.
    std::optional<v1::MarkerInput> take_marker();
    // The owner's own marker entry was read back; `before` = what was covered until then.
    void marker_read(const replay::Position& marker, Sequence before);

    [[nodiscard]] RoundState state() const { return state_; }
    [[nodiscard]] std::size_t written() const { return written_; }  // aggregates, in this round

private:
    void move_to(RoundState next);
    bool write_page();
    bool write_aggregate(std::string_view aggregate, const v1::LogPlace& written_at,
                         store::WriteBatch& known);
    bool write_partition();
    bool sweep_page();
    [[nodiscard]] Offset cut() const { return covered_.position.offset; }
    // It is about to have a snapshot of this cut.
    void remember(std::string_view aggregate, store::WriteBatch& batch) const;
    // The tombstones of one aggregate's superfluous keys; false: the producer is full.
    bool sweep(std::string_view aggregate, store::WriteBatch& batch);
    bool send(std::string_view key, std::string_view value, std::size_t bytes);
    [[nodiscard]] bool in_flight_full() const;

    const fold::DomainModule& domain_;
    Partition partition_;
    store::PartitionStore& store_;
    SnapshotSink& sink_;
    SnapshotProbe& probe_;

    RoundState state_ = RoundState::resting;
    store::StoredPosition covered_;  // M, and what the partition's counters were there
    std::uint64_t before_ = 0;       // covered by the marker before this one
    std::string last_mark_;          // the greatest mark's key when the round began
    std::string cursor_;             // the mark that was looked at last
    bool marks_done_ = false;
    bool marker_taken_ = false;
    bool counters_swept_ = false;
    v1::MarkerPointer pointer_;
    std::uint64_t run_ = 0;  // the tag of what is sent since open()
    std::size_t outstanding_ = 0;
    std::size_t outstanding_bytes_ = 0;
    std::size_t written_ = 0;
    kafka::DeliveryCheck check_;
};

}  // namespace foldstream::processing
