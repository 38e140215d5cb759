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
#include "common/processing/owner_probe.hpp"
#include "common/processing/partition_state.hpp"
#include "common/processing/ports.hpp"
#include "common/processing/record_builder.hpp"
#include "common/replay/log_reader.hpp"

namespace foldstream::processing {

// clang-format off
//   idle ----------> catching_up        the group suggests the partition
//   catching_up ---> claiming           read to the end, and the pause is over
//   claiming ------> verifying          the own claim is read, and valid
//   verifying -----> owning             the commands topic is the one that the log was decided from
//   owning --------> draining           revoked, or the process ends
//   draining ------> owning             suggested again meanwhile: the epoch is kept
//
//   claiming, verifying, owning ---> backing_off ---> catching_up
//       fenced, or no proof (a failed delivery, no read-back); then a pause
//   each of them ---> idle              revoked (owning: by way of draining, once it is read back or fenced)
//   each of them ---> stopped           cannot go on from what was read; only an operator's word helps
// clang-format on
enum class OwnerState : std::uint8_t {
    idle,         // not assigned
    catching_up,  // tails the log to its end, folding; nothing is written
    claiming,     // the claim is produced, not yet read
    verifying,    // the partition is mine; the commands topic is compared with the last command
    owning,       // decides ahead
    backing_off,  // tails on; claims again when the time has come
    draining,     // revoked: goes on until fenced, a few seconds at most
    stopped,
};
std::string_view name(OwnerState state);
// The arrows above.
bool allowed(OwnerState from, OwnerState to);

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
    Outcomes& outcomes;
    const Clock& clock;
    Random& random;
};

// One thread: its worker's. The worker calls step() until it says that there is nothing to do.
class Owner {
public:
    Owner(OwnerIdentity identity, const OwnerLimits& limits, const OwnerPorts& ports,
          std::unique_ptr<store::PartitionStore> store, OwnerProbe& probe);

    // The group suggests, or no longer suggests, this partition.
    void assign();
    void revoke();
    // The process ends: no more commands; what is decided is read back, then idle.
    void drain();
    // The report of a record that was sent.
    void delivery(const kafka::DeliveryReport& report);
    // The producer is beyond use and was replaced: nothing more is known of what it had.
    void producer_lost();
    // A bounded piece of work; false: nothing to do until something comes or time passes.
    bool step();

    [[nodiscard]] OwnerState state() const { return state_; }
    [[nodiscard]] bool assigned() const { return assigned_; }
    // Why it stands still, in state stopped.
    [[nodiscard]] const std::string& reason() const { return reason_; }
    [[nodiscard]] std::uint64_t next_offset() const { return reader_.next_offset(); }
    [[nodiscard]] const replay::Position& position() const { return reader_.position(); }
    [[nodiscard]] std::size_t window_entries() const;

private:
    using Time = std::chrono::steady_clock::time_point;

    // A record that was sent and is not yet read back.
    struct Pending {
        std::uint64_t tag = 0;
        RecordId id;
        std::string value;  // until it is sent
        DecidedRecord decided;
        Time sent;
        std::optional<Time> delivered;
    };

    void move_to(OwnerState next);
    void stop(std::string reason);
    void become_idle();
    // Drops all that is speculative and waits before the next claim.
    void fence(std::string_view why);

    bool read_log();
    void read_log_record(const replay::LogRecord& record);
    void settle_own(const replay::LogRecord& record);
    void settle_position();
    void on_claim(const replay::ValidClaim& valid);
    void on_foreign_entries(const replay::ValidEntries& valid);
    void on_ignored(const replay::LogRecord& record, replay::Verdict verdict);

    void claim();
    void begin_verifying();
    bool verify();
    void verified();

    bool decide_ahead();
    void decide_one(const fold::RawCommand& raw);
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
    PartitionState aggregates_;
    replay::LogReader reader_;
    store::StoredPosition stored_;  // of the last settled record

    OwnerState state_ = OwnerState::idle;
    bool assigned_ = false;
    bool draining_process_ = false;
    std::string reason_;
    bool tail_at_end_ = false;

    // The claim in flight.
    std::string nonce_;
    std::uint64_t claim_tag_ = 0;
    std::optional<Time> claim_delivered_;
    Time claim_sent_;

    // Verifying: the last command is looked for; or it is below the low watermark.
    bool last_command_gone_ = false;

    // Decided ahead.
    RecordBuilder builder_;
    std::deque<Pending> window_;
    std::size_t window_entries_ = 0;
    std::size_t window_bytes_ = 0;
    std::size_t unsent_ = 0;  // at the window's back
    Offset command_end_{0};   // as last told by the source
    RecordId link_;           // prev of the next record
    Sequence next_sequence_;  // of the next entry
    std::uint64_t next_command_ = 0;
    std::uint64_t next_tag_ = 1;
    kafka::DeliveryCheck check_;

    std::chrono::milliseconds backoff_;
    Time backoff_until_;
    Time owning_since_;
    Time taking_since_;
    Time drain_until_;
    Time last_entry_;
};

}  // namespace foldstream::processing
