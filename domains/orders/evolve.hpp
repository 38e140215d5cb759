// What an order's state becomes by each of its events. Total: it takes whatever the log holds.
#pragma once

#include <cstdint>

#include "common/fold/concepts.hpp"
#include "domains/orders/state.hpp"
#include "foldstream/orders/v1/events.pb.h"

namespace foldstream::orders {

// Raise it with every change of what evolve or encode_state give; a golden test watches.
inline constexpr std::int32_t evolve_version = 1;

State evolve(State state, const v1::OrderCreated& event, const fold::Meta& meta);
State evolve(State state, const v1::ItemAdded& event, const fold::Meta& meta);
State evolve(State state, const v1::ItemRemoved& event, const fold::Meta& meta);
State evolve(State state, const v1::PaymentConfirmed& event, const fold::Meta& meta);
State evolve(State state, const v1::OrderShipped& event, const fold::Meta& meta);
State evolve(State state, const v1::OrderCompleted& event, const fold::Meta& meta);
State evolve(State state, const v1::OrderCancelled& event, const fold::Meta& meta);
State evolve(State state, const v1::OrderDeleted& event, const fold::Meta& meta);

}  // namespace foldstream::orders
