#include "common/processing/snapshot_record.hpp"

#include <charconv>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/processing/store_keys.hpp"
#include "common/replay/place.hpp"

namespace foldstream::processing {

using replay::place_of;

namespace {

constexpr std::size_t number_bytes = 8;

void append_number(std::uint64_t number, std::string& out) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

std::uint64_t read_number(std::string_view bytes) {
    std::uint64_t number = 0;
    for (const char byte : bytes.substr(0, number_bytes)) {
        number = number << 8 | static_cast<unsigned char>(byte);
    }
    return number;
}

}  // namespace

std::string mark_value(const DirtyMark& mark) {
    std::string value;
    append_number(mark.sequence.value, value);
    append_number(mark.epoch.value, value);
    return value;
}

DirtyMark parse_mark(std::string_view value) {
    if (value.size() != 2 * number_bytes) return {};
    return {Sequence(read_number(value)), Epoch(read_number(value.substr(number_bytes)))};
}

std::string snapshot_key(std::string_view aggregate, Epoch epoch) {
    if (test_hooks::mutant(test_hooks::Mutant::snapshot_key_without_epoch)) epoch = Epoch(1);
    return std::string(aggregate).append("@").append(std::to_string(epoch.value));
}

std::optional<SnapshotName> parse_snapshot_key(std::string_view key) {
    const auto at = key.rfind('@');
    if (at == std::string_view::npos || at == 0) return std::nullopt;
    const std::string_view digits = key.substr(at + 1);
    SnapshotName name;
    name.aggregate = key.substr(0, at);
    const auto read =
        std::from_chars(digits.data(), digits.data() + digits.size(), name.epoch.value);
    if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return name;
}

v1::SnapshotEpochs read_epochs(const store::PartitionStore& store, std::string_view aggregate) {
    v1::SnapshotEpochs known;
    if (const auto bytes = store.get(epochs_key(aggregate))) (void)known.ParseFromString(*bytes);
    return known;
}

std::optional<v1::Snapshot> read_snapshot(const store::PartitionStore& store,
                                          std::string_view aggregate, std::int32_t state_version) {
    const auto bytes = store.get(aggregate_key(aggregate));
    v1::Snapshot snapshot;
    if (!bytes || !snapshot.mutable_aggregate()->ParseFromString(*bytes)) return std::nullopt;
    snapshot.set_state_version(state_version);
    for (const auto& [key, value] : store.scan(slot_prefix(aggregate))) {
        if (!snapshot.add_slots()->ParseFromString(value)) return std::nullopt;
    }
    snapshot.mutable_written_at()->CopyFrom(place_of(store.position().position));
    return snapshot;
}

v1::PartitionSnapshot partition_snapshot(const store::StoredPosition& stored,
                                         std::int32_t state_version) {
    v1::PartitionSnapshot snapshot;
    snapshot.set_state_version(state_version);
    snapshot.set_sequence(stored.position.sequence.value);
    snapshot.set_log_id(stored.log_id);
    snapshot.set_last_command_offset(stored.last_command_offset);
    snapshot.set_last_command_time_ms(stored.last_command_time_ms);
    snapshot.set_last_command_hash(stored.last_command_hash);
    snapshot.mutable_written_at()->CopyFrom(place_of(stored.position));
    return snapshot;
}

}  // namespace foldstream::processing
