// The states of an owner, and which may follow which.
#pragma once

#include <cstdint>
#include <string_view>

namespace foldstream::processing {

// clang-format off
//   idle ----------> restoring          the group suggests the partition, and the store is empty
//   idle ----------> catching_up        … and the store has a position
//   restoring -----> catching_up        the snapshots are read
//   catching_up ---> claiming           read to the end, and the pause is over
//   claiming ------> verifying          the own claim is read, and valid
//   verifying -----> owning             the commands topic is the one that the log was decided from
//   owning --------> draining           revoked, or the process ends
//   draining ------> owning             suggested again meanwhile: the epoch is kept
//
//   claiming, verifying, owning ---> backing_off ---> catching_up
//       fenced, or no proof (a failed delivery, no read-back); then a pause
//   catching_up, claiming, backing_off ---> restoring
//       an entry was decided on another state than the fold has: from empty again
//   each of them ---> idle              revoked (owning: by way of draining, once it is read back or fenced)
//   each of them ---> stopped           cannot go on from what was read; only an operator's word helps
//   stopped -------> idle               revoked, or after a while: perhaps somebody said it
// clang-format on
enum class OwnerState : std::uint8_t {
    idle,         // not assigned
    restoring,    // reads snapshots into an empty store
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

}  // namespace foldstream::processing
