#include "common/replay/place.hpp"

namespace foldstream::replay {

v1::LogPlace place_of(const Position& position) {
    v1::LogPlace place;
    place.set_offset(static_cast<std::uint64_t>(position.offset.value));
    place.set_epoch(position.epoch.value);
    place.set_sequence(position.sequence.value);
    place.set_link(position.link.value);
    return place;
}

Position position_of(const v1::LogPlace& place) {
    return {Offset(static_cast<std::int64_t>(place.offset())), Epoch(place.epoch()),
            Sequence(place.sequence()), RecordId(place.link())};
}

}  // namespace foldstream::replay
