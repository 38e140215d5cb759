#include "common/store/position_codec.hpp"

#include "common/replay/place.hpp"
#include "foldstream/v1/store.pb.h"

namespace foldstream::store {

std::string encode_position(const StoredPosition& position) {
    v1::StoredPlace place;
    place.set_offset(position.position.offset.value);
    place.set_epoch(position.position.epoch.value);
    place.set_sequence(position.position.sequence.value);
    place.set_link(position.position.link.value);
    place.set_next_offset(position.next_offset);
    place.set_log_id(position.log_id);
    place.set_last_command_offset(position.last_command_offset);
    place.set_last_command_time_ms(position.last_command_time_ms);
    place.set_last_command_hash(position.last_command_hash);
    place.set_covered(position.covered);
    place.set_counters_sequence(position.counters_sequence);
    place.set_marker_offset(position.marker_offset);
    if (position.vouched.offset.value >= 0) {
        *place.mutable_vouched() = replay::place_of(position.vouched);
    }
    place.set_from_marker(position.from_marker);
    place.set_rewrite_all(position.rewrite_all);
    place.set_deleted_at(position.deleted_at);
    place.set_reset_id(position.reset_id);
    place.set_claims(position.claims);
    place.set_attempt_offset(position.attempt_offset);
    place.set_attempt_k(position.attempt_k);
    return place.SerializeAsString();
}

std::optional<StoredPosition> decode_position(std::string_view bytes) {
    v1::StoredPlace place;
    if (!place.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    StoredPosition position;
    if (place.has_offset()) position.position.offset = Offset(place.offset());
    position.position.epoch = Epoch(place.epoch());
    position.position.sequence = Sequence(place.sequence());
    position.position.link = RecordId(place.link());
    position.next_offset = place.next_offset();
    position.log_id = place.log_id();
    if (place.has_last_command_offset()) position.last_command_offset = place.last_command_offset();
    position.last_command_time_ms = place.last_command_time_ms();
    position.last_command_hash = place.last_command_hash();
    position.covered = place.covered();
    position.counters_sequence = place.counters_sequence();
    if (place.has_marker_offset()) position.marker_offset = place.marker_offset();
    if (place.has_vouched()) position.vouched = replay::position_of(place.vouched());
    position.from_marker = place.from_marker();
    position.rewrite_all = place.rewrite_all();
    position.deleted_at = place.deleted_at();
    position.reset_id = place.reset_id();
    position.claims = place.claims();
    if (place.has_attempt_offset()) position.attempt_offset = place.attempt_offset();
    position.attempt_k = place.attempt_k();
    return position;
}

}  // namespace foldstream::store
