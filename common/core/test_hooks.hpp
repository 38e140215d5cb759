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
    off_by_one_version,
    no_deduplication,
};

#ifdef FOLDSTREAM_TEST_HOOKS
// The one that the environment names; an unknown name ends the process (exit code 2).
Mutant chosen_mutant();
inline bool mutant(Mutant which) { return chosen_mutant() == which; }
void fault_point(std::string_view name);
// FOLDSTREAM_POISON=<command id>=kill|loop|throw: what deciding that command does.
void poison(std::string_view command_id);
// FOLDSTREAM_FORCE_ASSIGN=1: who starts takes every partition for its own.
bool forced_assignment();
// FOLDSTREAM_NONCE (32 hex digits): 16 bytes, or empty.
std::string forced_nonce();
#else
constexpr bool mutant(Mutant) { return false; }
inline void fault_point(std::string_view) {}
inline void poison(std::string_view) {}
constexpr bool forced_assignment() { return false; }
inline std::string forced_nonce() { return {}; }
#endif

}  // namespace foldstream::test_hooks
