// Deletes the snapshots of a partition at an operator's word: the pointer first, so that no restore
// begins at a marker whose snapshots are going; then every key of an older cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/kafka/producer.hpp"
#include "common/processing/ports.hpp"

namespace foldstream::processing {

// clang-format off
//   resting ----> pointing      begin(): the tombstone of @marker is sent
//   pointing ---> scanning      it is delivered: the partition is read, each older key gets a tombstone
//   scanning ---> ending        read to its end
//   ending -----> resting       all tombstones are delivered
//   each of them -> resting     end(): the owner is fenced, or leaves; or the topic cannot be read
// clang-format on
enum class DeletionState : std::uint8_t { resting, pointing, scanning, ending };
bool allowed(DeletionState from, DeletionState to);

// Cut short at any point it leaves snapshots that are true and a log that says that they were
// deleted (so a restore from an older marker begins again without it); the operator says it once
// more.
class SnapshotDeletion {
public:
    SnapshotDeletion(SnapshotSource& source, SnapshotSink& sink);

    // In the epoch that was claimed right behind the word, whose record has the offset `word`: keys
    // with a cut below it go. Every fold has all aggregates dirty from there on, so no marker
    // behind it vouches for what goes.
    void begin(Epoch epoch, Offset word);
    void end();
    bool step();
    // Empty: fine, else why the epoch must end.
    std::string delivery(const kafka::DeliveryReport& report);

    [[nodiscard]] bool active() const { return state_ != DeletionState::resting; }
    // What begin() gives to all that it sends: above every tag of a round.
    [[nodiscard]] static bool is_tag(std::uint64_t tag) { return tag >= first_tag; }

private:
    static constexpr std::uint64_t first_tag = 1ULL << 62;

    void move_to(DeletionState next);
    bool scan();
    bool send(std::string_view key);

    SnapshotSource& source_;
    SnapshotSink& sink_;
    DeletionState state_ = DeletionState::resting;
    Offset word_;
    std::uint64_t run_ = first_tag;
    std::string held_;  // read, its tombstone not yet taken by the producer
    std::size_t outstanding_ = 0;
    kafka::DeliveryCheck check_;
};

}  // namespace foldstream::processing
