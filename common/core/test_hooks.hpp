// What tests ask for by environment, compiled in with FOLDSTREAM_TEST_HOOKS alone: one bug switched
// on (FOLDSTREAM_MUTANT=<name>), and the end or a stop of the process between two steps
// (FOLDSTREAM_FAULT=<point>=kill|stop@<n>[,…]: at the n-th passing). A build without the hooks has
// neither the names nor the checks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace foldstream::test_hooks {

enum class Mutant : std::uint8_t {
    none,
    answer_before_readback,
    validity_without_epoch,
    validity_without_sequence,
    validity_without_link,
    claim_at_or_above,
    claim_without_nonce,
    own_by_epoch_and_sequence,
    keep_speculation,
    decide_before_claim,
    store_before_readback,
    next_from_group_offset,
    delivered_whatever_the_offset,
    snapshot_key_without_cut,
    marker_before_delivery,
    snapshots_after_a_failed_one,
    restore_to_captured_end,
    dirty_by_owner_only,
    snapshot_by_version_alone,
    position_past_ignored,
    checkpoint_outside_transaction,
    apply_twice,
    hold_whatever_the_place,
    digests_without_retract,
    off_by_one_version,
    no_deduplication,
};

// Between two steps of a process; tests/faults/director.py strikes at each of them.
enum class FaultPoint : std::uint8_t {
    // An owner.
    claim_sent,
    claim_read,
    decided,
    sent,
    read_back,
    stored,
    answered,
    // Its snapshots.
    snapshot_sent,
    snapshots_delivered,
    marker_sent,
    marker_read,
    pointer_sent,
    tombstones_sent,
    restore_begun,
    restored,
    keys_looked_up,
    keys_learned,
    // Their deletion.
    pointer_deleted,
    deletions_sent,
    snapshots_deleted,
    // A projector.
    begun,
    checkpoint_locked,
    folded,
    rows_written,
    before_commit,
    committed,
    offset_committed,
};

#ifdef FOLDSTREAM_TEST_HOOKS
// What the environment says is read; an unknown name ends the process (exit code 2). Services ask
// at their start, so that a name that nothing ever passes is not taken for a fault that did not
// strike.
void check_environment();
// The one that the environment names.
Mutant chosen_mutant();
inline bool mutant(Mutant which) { return chosen_mutant() == which; }
void fault_point(FaultPoint point);
// FOLDSTREAM_POISON=<command id>=kill|loop|throw: what deciding that command does.
void poison(std::string_view command_id);
// FOLDSTREAM_FORCE_ASSIGN=1: who starts takes every partition for its own.
bool forced_assignment();
// FOLDSTREAM_NONCE (32 hex digits): 16 bytes, or empty.
std::string forced_nonce();
#else
inline void check_environment() {}
constexpr bool mutant(Mutant) { return false; }
inline void fault_point(FaultPoint) {}
inline void poison(std::string_view) {}
constexpr bool forced_assignment() { return false; }
inline std::string forced_nonce() { return {}; }
#endif

}  // namespace foldstream::test_hooks
