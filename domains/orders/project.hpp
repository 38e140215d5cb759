// The read model read.orders: an order's row after each of its events. Nothing = no row.
#pragma once

#include <cstdint>
#include <optional>

#include "common/fold/concepts.hpp"
#include "foldstream/orders/v1/events.pb.h"
#include "foldstream/orders/v1/rows.pb.h"

namespace foldstream::orders {

// Raise it with every change of what project or contribute give; a golden test watches.
inline constexpr std::int32_t orders_fold_version = 1;

using MaybeRow = std::optional<v1::OrderRow>;

MaybeRow project(MaybeRow row, const v1::OrderCreated& event, const fold::Meta& meta);
MaybeRow project(MaybeRow row, const v1::ItemAdded& event, const fold::Meta& meta);
MaybeRow project(MaybeRow row, const v1::ItemRemoved& event, const fold::Meta& meta);
MaybeRow project(MaybeRow row, const v1::PaymentConfirmed& event, const fold::Meta& meta);
MaybeRow project(MaybeRow row, const v1::OrderShipped& event, const fold::Meta& meta);
MaybeRow project(MaybeRow row, const v1::OrderCompleted& event, const fold::Meta& meta);
MaybeRow project(MaybeRow row, const v1::OrderCancelled& event, const fold::Meta& meta);
MaybeRow project(MaybeRow row, const v1::OrderDeleted& event, const fold::Meta& meta);

}  // namespace foldstream::orders
