#include "common/processing/snapshot_record.hpp"

#include <charconv>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/processing/slots.hpp"
#include "common/processing/store_keys.hpp"
#include "common/replay/place.hpp"

namespace foldstream::processing {

using replay::place_of;

namespace {
constexpr std::size_t mark_bytes = 8;
}  // namespace

std::string mark_value(Sequence touched) {
    std::string value;
    for (int shift = 56; shift >= 0; shift -= 8) {
        value += static_cast<char>(touched.value >> shift & 0xff);
    }
    return value;
}

Sequence parse_mark(std::string_view value) {
    if (value.size() < mark_bytes) return {};
    std::uint64_t number = 0;
    for (const char byte : value.substr(0, mark_bytes)) {
        number = number << 8 | static_cast<unsigned char>(byte);
    }
    return Sequence(number);
}

std::string snapshot_key(std::string_view aggregate, Offset cut) {
    if (test_hooks::mutant(test_hooks::Mutant::snapshot_key_without_cut)) cut = Offset(1);
    return std::string(aggregate).append("@").append(std::to_string(cut.value));
}

std::optional<SnapshotName> parse_snapshot_key(std::string_view key) {
    const auto at = key.rfind('@');
    if (at == std::string_view::npos || at == 0) return std::nullopt;
    const std::string_view digits = key.substr(at + 1);
    SnapshotName name;
    name.aggregate = key.substr(0, at);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), name.cut.value);
    if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size() ||
        name.cut.value < 0) {
        return std::nullopt;
    }
    return name;
}

v1::SnapshotCuts read_cuts(const store::PartitionStore& store, std::string_view aggregate) {
    v1::SnapshotCuts known;
    if (const auto bytes = store.get(cuts_key(aggregate))) (void)known.ParseFromString(*bytes);
    return known;
}

std::optional<v1::Snapshot> read_snapshot(const store::PartitionStore& store,
                                          std::string_view aggregate, std::int32_t state_version,
                                          const v1::LogPlace& written_at) {
    const auto bytes = store.get(aggregate_key(aggregate));
    v1::Snapshot snapshot;
    if (!bytes || !snapshot.mutable_aggregate()->ParseFromString(*bytes)) return std::nullopt;
    snapshot.set_state_version(state_version);
    const auto slots = read_slots(store, aggregate, snapshot.aggregate().first_slot(),
                                  snapshot.aggregate().next_slot());
    if (!slots) return std::nullopt;
    for (const std::string& slot : *slots) {
        if (!snapshot.add_slots()->ParseFromString(slot)) return std::nullopt;
    }
    *snapshot.mutable_written_at() = written_at;
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
    snapshot.set_claims(stored.claims);
    if (stored.attempt_offset >= 0) snapshot.set_attempt_offset(stored.attempt_offset);
    snapshot.set_attempt_k(stored.attempt_k);
    return snapshot;
}

}  // namespace foldstream::processing
