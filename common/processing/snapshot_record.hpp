// The records of D.snapshots: keys, and what is read out of a store to write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/ids.hpp"
#include "common/replay/validity.hpp"
#include "common/store/store.hpp"
#include "foldstream/v1/log.pb.h"
#include "foldstream/v1/store.pb.h"

namespace foldstream::processing {

// No aggregate id has an @, so these are nobody's.
inline constexpr std::string_view marker_key = "@marker";
inline constexpr std::string_view reset_key = "@reset";
inline constexpr std::string_view partition_name = "@partition";

// "<aggregate>@<cut>": the cut is M, the offset of the last record of the log up to which the
// round's marker is to vouch; claims have offsets, too, so a cut is of one epoch. The partition's
// own record has the aggregate "@partition".
std::string snapshot_key(std::string_view aggregate, Offset cut);

struct SnapshotName {
    std::string_view aggregate;
    Offset cut;
};
// Nothing for keys of another form, the marker's and the reset's among them.
std::optional<SnapshotName> parse_snapshot_key(std::string_view key);

// The cuts under which the aggregate is known to have a snapshot.
v1::SnapshotCuts read_cuts(const store::PartitionStore& store, std::string_view aggregate);

// The aggregate as the store has it, slots included, the store being at `written_at`; nothing when
// it has none of that id, or not all of it.
std::optional<v1::Snapshot> read_snapshot(const store::PartitionStore& store,
                                          std::string_view aggregate, std::int32_t state_version,
                                          const v1::LogPlace& written_at);

v1::PartitionSnapshot partition_snapshot(const store::StoredPosition& stored,
                                         std::int32_t state_version);

}  // namespace foldstream::processing
