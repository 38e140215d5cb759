// Records of D.snapshots, well made and not, restored into a store: whatever stands there, the
// restore ends, and what it leaves can be loaded, written and restored again.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/codec/check.hpp"
#include "common/codec/protobuf_log.hpp"
#include "common/processing/aggregate.hpp"
#include "common/processing/snapshot_restore.hpp"
#include "common/processing/store_keys.hpp"
#include "common/replay/place.hpp"
#include "common/runtime/log.hpp"
#include "common/store/position_codec.hpp"
#include "domains/registry.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace foldstream::fuzz {
namespace {

using processing::SnapshotName;
using processing::SnapshotRestore;

constexpr std::size_t most_records = 64;
using Record = std::pair<std::string, std::string>;  // key and value

const fold::DomainModule& orders() {
    static const fold::DomainModule& found = *domains::registry().find("orders");
    return found;
}

class Records final : public processing::SnapshotSource {
public:
    explicit Records(const std::vector<Record>& records) : records_(records) {}
    void start_at_beginning() override { at_ = 0; }
    void stop() override {}
    std::optional<processing::SnapshotRead> next() override {
        const auto offset = Offset(static_cast<std::int64_t>(at_));
        if (at_ == records_.size()) return processing::End{offset};
        const auto& [key, value] = records_[at_++];
        return processing::SnapshotRecord{offset, key, value};
    }

private:
    const std::vector<Record>& records_;
    std::size_t at_ = 0;
};

// A store and what a restore made of it.
class Restored {
public:
    explicit Restored(const std::vector<Record>& records)
        : partition_(store_->open("orders", Partition(0), orders().evolve_version)),
          source_(records),
          restore_(orders(), *partition_, source_) {}

    void run(bool use_marker) {
        restore_.begin(use_marker);
        end();
    }
    void learn() {
        restore_.begin_learning();
        end();
    }
    void look_for_reset() {
        restore_.begin_looking_for_reset();
        end();
    }
    [[nodiscard]] const store::PartitionStore& store() const { return *partition_; }
    [[nodiscard]] const SnapshotRestore& restore() const { return restore_; }
    [[nodiscard]] std::vector<store::KeyValue> content(std::string_view prefix) const {
        return partition_->scan(prefix);
    }

private:
    void end() {
        SnapshotRestore::Progress progress = SnapshotRestore::Progress::reading;
        for (std::size_t n = 0; progress == SnapshotRestore::Progress::reading; ++n) {
            expect(n <= most_records, "a restore ends with the partition");
            bool worked = false;
            progress = restore_.step(worked);
        }
        expect(progress == SnapshotRestore::Progress::done, "no content breaks a restore");
    }

    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    std::unique_ptr<store::PartitionStore> partition_;
    Records source_;
    SnapshotRestore restore_;
};

Record next_record(Input& input) {
    const std::uint8_t kind = input.byte();
    const std::string_view name = input.part();
    const std::string_view value = input.part();
    switch (kind % 5) {
        case 0:
            return {std::string(name), std::string(value)};
        case 1:
            return {processing::snapshot_key(name, Offset(kind / 5)), std::string(value)};
        case 2:
            return {processing::snapshot_key(processing::partition_name, Offset(kind / 5)),
                    std::string(value)};
        case 3:
            return {std::string(processing::marker_key), std::string(value)};
        default:
            return {std::string(processing::reset_key), std::string(value)};
    }
}

void expect_key(std::string_view key) {
    const std::optional<SnapshotName> name = processing::parse_snapshot_key(key);
    if (!name) return;
    expect(name->cut.value >= 0, "a cut is an offset");
    const std::string again = processing::snapshot_key(name->aggregate, name->cut);
    const std::optional<SnapshotName> read = processing::parse_snapshot_key(again);
    expect(read && read->aggregate == name->aggregate && read->cut == name->cut,
           "a key decoded and encoded is the same name", key);
}

void expect_position(const store::StoredPosition& position) {
    const auto read = store::decode_position(store::encode_position(position));
    expect(read && *read == position, "a position encoded and decoded is the same");
}

// What was restored of an aggregate, written as its owner would, is restored as it was.
void expect_aggregate(const Restored& restored, const std::string& id) {
    const processing::Aggregate loaded = processing::load_aggregate(restored.store(), orders(), id);
    const auto snapshot =
        processing::read_snapshot(restored.store(), id, orders().evolve_version, {});
    expect(snapshot.has_value(), "what was restored can be written", id);
    if (loaded.broken || !codec::is_id(id)) return;
    const std::vector<Record> written = {
        {processing::snapshot_key(id, Offset(1)), snapshot->SerializeAsString()}};
    Restored again(written);
    again.run(false);
    for (const std::string& prefix : {processing::aggregate_key(id), processing::slot_prefix(id)}) {
        expect(restored.content(prefix) == again.content(prefix),
               "a snapshot decoded and encoded restores the same", prefix);
    }
}

void expect_restores(const std::vector<Record>& records, bool use_marker) {
    Restored restored(records);
    restored.run(use_marker);
    const store::StoredPosition position = restored.store().position();
    expect_position(position);
    expect(!position.from_marker || use_marker, "a marker counts when it was asked for");
    expect(position.from_marker != position.rewrite_all, "without a marker all is written anew");
    for (const auto& [key, value] : restored.content(processing::aggregates_prefix)) {
        expect_aggregate(restored, key.substr(processing::aggregates_prefix.size()));
    }
    Restored again(records);
    again.run(use_marker);
    expect(again.store().position() == position, "a restore is repeatable");
    for (const std::string_view prefix : {"a/", "s/", "k/"}) {
        expect(again.content(prefix) == restored.content(prefix), "a restore is repeatable");
    }
    Restored looked(records);
    looked.look_for_reset();
    expect(looked.restore().reset_id() == position.reset_id, "one reset is found by everybody");
    expect(looked.content("").empty(), "who looks for a reset writes nothing");
    Restored learned(records);
    learned.learn();
    expect(learned.content("a/").empty(), "who learns keys restores nothing");
}

}  // namespace
}  // namespace foldstream::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldstream::fuzz;
    // What cannot be read is worth a line, and not millions of them.
    static const bool quiet = [] {
        foldstream::codec::mute_protobuf_log();
        foldstream::runtime::start_logging(foldstream::runtime::Level::error, "fuzz");
        return true;
    }();
    (void)quiet;
    Input input(data, size);
    const bool use_marker = input.byte() % 2 == 0;
    std::vector<Record> records;
    while (records.size() < most_records && !input.empty()) {
        records.push_back(next_record(input));
        expect_key(records.back().first);
    }
    expect_restores(records, use_marker);
    return 0;
}
