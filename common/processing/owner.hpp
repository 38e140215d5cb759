// The owner of one partition of a domain's log: takes it, decides ahead, reads back, answers; is
// fenced, claims again. Everything that it decides follows from what it reads; ports bring the
// world.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/clock.hpp"
#include "common/core/random.hpp"
#include "common/kafka/producer.hpp"
#include "common/processing/attempt_turn.hpp"
#include "common/processing/owner_memory.hpp"
#include "common/processing/owner_probe.hpp"
#include "common/processing/owner_states.hpp"
#include "common/processing/partition_state.hpp"
#include "common/processing/ports.hpp"
#include "common/processing/record_builder.hpp"
#include "common/processing/snapshot_deletion.hpp"
#include "common/processing/snapshot_restore.hpp"
#include "common/processing/snapshot_round.hpp"
#include "common/replay/log_reader.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

struct OwnerLimits {
    // Of entries decided and not yet read back.
    std::size_t window_entries = 8192;
    std::size_t window_bytes = 8 * 1024 * 1024;
    std::chrono::milliseconds readback_timeout{60'000};  // from the proved delivery
    std::chrono::milliseconds backoff_least{1'000};
    std::chrono::milliseconds backoff_most{60'000};
    std::chrono::milliseconds calm{60'000};     // of valid entries: the back-off begins anew
    std::chrono::milliseconds drain{5'000};     // after a revoke
    std::chrono::milliseconds tick{3'600'000};  // next_offset moved without an entry
    // Of a stopped owner: perhaps an operator has said what to do. Doubles, too.
    std::chrono::milliseconds look_again_least{30'000};
    std::chrono::milliseconds look_again_most{600'000};
    std::chrono::milliseconds snapshot_interval{60'000};
    std::size_t snapshot_entries = 250'000;  // a round begins earlier after so many
    // One at a time, each behind an attempt entry, when the owners before got nowhere.
    std::size_t careful_commands = 512;
};

struct OwnerIdentity {
    const fold::DomainModule* domain = nullptr;
    Partition partition;
    std::int32_t partitions = 1;  // of all topics of the domain, for ever
    std::string name;             // host, process: stands in claims
};

struct OwnerPorts {
    LogSource& log;
    CommandSource& commands;
    LogSink& sink;
    SnapshotSource& snapshots;
    SnapshotSink& snapshot_sink;
    Outcomes& outcomes;
    Replies& replies;
    const Clock& clock;
    Random& random;
    DecideWatch* watch = nullptr;  // optional
    AttemptTurn* turn = nullptr;   // of the process; null: its only owner
};

// One thread: its worker's. The worker calls step() until it says that there is nothing to do.
class Owner {
public:
    Owner(OwnerIdentity identity, const OwnerLimits& limits, const OwnerPorts& ports,
          std::unique_ptr<store::PartitionStore> store, OwnerMemory& memory, OwnerProbe& probe);

    // The group suggests, or no longer suggests, this partition.
    void assign();
    void revoke();
    // The process ends: no more commands; what is decided is read back, then idle.
    void drain();
    // The report of a record that was sent.
    void delivery(const kafka::DeliveryReport& report);
    void snapshot_delivery(const kafka::DeliveryReport& report);
    // The producer is beyond use and was replaced: nothing more is known of what it had.
    void producer_lost();
    void snapshot_producer_lost();
    // A bounded piece of work; false: nothing to do until something comes or time passes.
    bool step();

    [[nodiscard]] OwnerState state() const { return state_; }
    [[nodiscard]] bool assigned() const { return assigned_; }
    // Why it stands still, in state stopped.
    [[nodiscard]] const std::string& reason() const { return reason_; }
    [[nodiscard]] std::uint64_t next_offset() const { return reader_.next_offset(); }
    [[nodiscard]] const replay::Position& position() const { return reader_.position(); }
    [[nodiscard]] std::size_t window_entries() const;
    // Others of the process were in the way of the last step: nothing tells when they no longer
    // are.
    [[nodiscard]] bool waits_for_turn() const { return waits_for_turn_; }

private:
    using Time = std::chrono::steady_clock::time_point;

    // Beside the entry.
    struct Decision {
        CachedAggregate* touched = nullptr;  // that it was decided on, and may touch
        const fold::CommandType* command_type = nullptr;
        std::optional<PendingReply> reply;
    };

    // A record that was sent and is not yet read back.
    struct Pending {
        std::uint64_t tag = 0;
        RecordId id;
        Epoch epoch;
        std::string value;  // until it is sent
        DecidedRecord decided;
        Time sent;
        std::optional<Time> delivered;
    };

    static const runtime::Logger& logger();
    bool step_once();
    void move_to(OwnerState next);
    void stop(std::string reason);
    // The log is not the one that store or snapshots were folded from: stops, unless an operator's
    // reset that this store has not obeyed yet says to begin anew.
    void distrust(std::string reason);
    void become_idle();
    // Gauges that move by themselves.
    void tell();
    void forget_speculative();
    // Drops all that is speculative and waits before the next claim.
    void fence(std::string_view why);

    void take_up();
    void restore(bool use_marker);
    // From empty again; the third time it stops.
    void restore_again(const std::string& why, bool use_marker);
    bool step_restoring();
    void stop_unrestored();
    void restored();
    void catch_up();

    bool read_log();
    void read_log_record(const replay::LogRecord& record);
    [[nodiscard]] bool is_own(const replay::LogRecord& record) const;
    void settle_own(const replay::LogRecord& record);
    // False: stopped, because the log no longer has the record that a snapshot relies on.
    [[nodiscard]] bool settle_position();
    [[nodiscard]] bool note_marker(const v1::Entry& entry, bool own);
    [[nodiscard]] bool note(const v1::Entry& entry, Sequence sequence, bool own);
    void note_own(const DecidedRecord& decided);
    void after_own(const DecidedRecord& decided, Sequence before);
    void answer(const DecidedRecord& decided);
    void on_claim(const replay::ValidClaim& valid);
    void on_foreign_entries(const replay::ValidEntries& valid);
    void on_ignored(const replay::LogRecord& record, replay::Verdict verdict);

    void claim();
    void begin_verifying();
    bool verify();
    void verified();

    bool decide_ahead();
    bool decide_many();
    bool decide_carefully();
    bool attempt(const fold::RawCommand& raw);
    // The next command; nothing when there is none, or the partition has stopped.
    std::optional<fold::RawCommand> next_command(bool& worked);
    void decide_one(const fold::RawCommand& raw);
    // The entry is `entry_`.
    Decision decision_of(const fold::RawCommand& raw);
    void add(const v1::Entry& entry, Decision decision);
    // An entry that decides no command.
    void add_own(v1::Entry entry, std::uint64_t next_offset);
    bool snapshots();
    void begin_round();
    [[nodiscard]] bool rewrite_due() const;
    void mark_everything();
    bool learn_keys();
    void mark_covered();
    void note_refused(const Pending& pending);
    void cut();
    // False: the producer's queue is full, or it refused and the owner is fenced.
    bool send_unsent();
    void tick();
    void check_times();
    [[nodiscard]] bool takes_part() const;  // owning or draining
    [[nodiscard]] bool takes_commands() const;
    [[nodiscard]] bool window_full() const;

    OwnerIdentity identity_;
    OwnerLimits limits_;
    OwnerPorts ports_;
    OwnerProbe& probe_;
    OwnerMemory& memory_;
    PartitionState aggregates_;
    SnapshotRestore restore_;
    SnapshotRound round_;
    SnapshotDeletion deletion_;
    replay::LogReader reader_;
    store::StoredPosition stored_;  // of the last settled record

    OwnerState state_ = OwnerState::idle;
    bool assigned_ = false;
    bool draining_process_ = false;
    std::string reason_;
    bool tail_at_end_ = false;
    std::uint32_t restores_ = 0;  // that ended in a gap, since the partition was owned last
    std::string distrusted_;      // why; a reset is looked for

    // The claim in flight.
    std::string nonce_;
    std::uint64_t claim_tag_ = 0;
    std::optional<Time> claim_delivered_;

    // Careful: what the owners before me got nowhere with is decided one at a time.
    std::size_t careful_left_ = 0;
    std::optional<fold::RawCommand> careful_;  // read, not yet decided
    AttemptTurn alone_;
    AttemptTurn& turn_;
    bool waits_for_turn_ = false;
    std::optional<AttemptTurn::Hold>
        attempting_;  // until the attempted command's entry is read back

    // Snapshots.
    bool round_due_ = false;
    std::optional<Offset> delete_due_;  // of the record that says so
    bool foreign_snapshots_ = false;    // there may be keys that the store does not know of
    bool learning_ = false;             // those keys are read
    Offset restored_marker_{-1};        // where the last restore began: it has seen its keys
    std::string marked_to_;             // how far everything has been made dirty
    bool all_marked_ = false;           // in this epoch
    bool round_writes_all_ = false;     // the round that goes on
    Time round_at_;
    Sequence round_sequence_;  // of the last round's beginning

    std::optional<std::int64_t> marked_ms_;  // the last valid marker's time

    // Verifying: the last command is looked for; or it is below the low watermark.
    bool last_command_gone_ = false;

    // Decided ahead.
    v1::Entry entry_;  // of the command that is decided now: kept, and with it its memory
    RecordBuilder builder_;
    std::deque<Pending> window_;
    std::size_t window_entries_ = 0;
    std::size_t window_bytes_ = 0;
    std::size_t unsent_ = 0;  // at the window's back
    Offset command_end_{0};   // as last told by the source
    Epoch epoch_;             // the own one
    RecordId link_;           // prev of the next record
    Sequence next_sequence_;  // of the next entry
    std::uint64_t next_command_ = 0;
    kafka::DeliveryCheck check_;

    Time owning_since_;
    Time taking_since_;                  // this attempt at taking it
    std::optional<Time> unowned_since_;  // assigned here all the while, stopped or not
    Time drain_until_;
    Time last_entry_;
    Time look_again_;
};

}  // namespace foldstream::processing
