// A position as Protobuf has it: in markers, snapshots and stores.
#pragma once

#include "common/replay/validity.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::replay {

v1::LogPlace place_of(const Position& position);
Position position_of(const v1::LogPlace& place);

}  // namespace foldstream::replay
