// Fills an empty store from D.snapshots, so that the log need not be folded from its start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/fold/domain.hpp"
#include "common/processing/ports.hpp"
#include "common/processing/snapshot_record.hpp"
#include "common/store/store.hpp"

namespace foldstream::processing {

// clang-format off
//   begin() wipes the store
//   reading ---> done      the partition was read to its end, as it was then
//   reading ---> broken    the topic cannot be read
// clang-format on
// The whole partition is read, up to its current end: a cleaner may remove a record on the way
// whose successor lies behind the end that there was at the start. Of an aggregate the greatest
// sequence over all cuts counts. The marker that this scan found says from where the log is folded
// on; without one, or when something could not be read, that is the log's start, and what was read
// is still true: entries up to an aggregate's sequence are in it.
// One thread, the owner's. Nothing is stored of where the log is read on before the end is reached,
// so a restore that was cut short leaves a store that says "from the start" and is wiped.
class SnapshotRestore {
public:
    SnapshotRestore(const fold::DomainModule& domain, store::PartitionStore& store,
                    SnapshotSource& source);

    enum class Progress : std::uint8_t { reading, done, broken };

    // `use_marker` false: the log is folded from its start, whatever a marker says.
    void begin(bool use_marker);
    // Reads for an operator's reset alone and leaves the store as it is.
    void begin_looking_for_reset();
    // Reads for the keys that there are, beside an owner that goes on.
    void begin_learning();
    // A bounded piece of work. `worked` is false when nothing was there to read.
    Progress step(bool& worked);
    void stop();

    [[nodiscard]] const std::string& reason() const { return reason_; }  // of broken
    [[nodiscard]] std::size_t aggregates() const { return aggregates_; }
    // The id of the reset that was found (empty: none); it is in the store's position, too.
    [[nodiscard]] const std::string& reset_id() const { return reset_id_; }
    // Of a learning: some round has left the partition's own record.
    [[nodiscard]] bool saw_counters() const { return saw_counters_; }

private:
    enum class Purpose : std::uint8_t { restoring, finding_reset, learning };

    void start(Purpose purpose);
    Progress read_some(bool& worked);
    void read(const SnapshotRecord& record);
    void learn(const SnapshotRecord& record, bool gone);
    void read_aggregate(const SnapshotName& name, std::string_view value);
    void erase_slots(std::string_view aggregate, std::uint64_t from, std::uint64_t before);
    void read_partition(Offset cut, std::string_view value);
    void unreadable(std::string_view key);
    void remember_key(const SnapshotName& name, bool gone);
    void vouch(const v1::LogPlace& place);
    void flush();
    void finish();

    const fold::DomainModule& domain_;
    store::PartitionStore& store_;
    SnapshotSource& source_;

    void clear();

    bool use_marker_ = true;
    Purpose purpose_ = Purpose::restoring;
    store::WriteBatch batch_;
    std::set<std::string, std::less<>> in_batch_;  // ids that the batch writes already
    std::size_t batch_bytes_ = 0;
    std::optional<v1::MarkerPointer> marker_;
    std::optional<v1::PartitionSnapshot> partition_;
    replay::Position vouched_;
    std::string reset_id_;
    bool saw_counters_ = false;
    std::size_t aggregates_ = 0;
    std::set<std::string, std::less<>> unreadable_;  // keys
    std::string reason_;
};

}  // namespace foldstream::processing
