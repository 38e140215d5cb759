// What one order adds to the rollups. Counts and sums only: whatever is added must be retractable.
#pragma once

#include <optional>

#include "foldstream/orders/v1/rows.pb.h"

namespace foldstream::orders {

// read.order_summary: every order counts, by status and currency.
std::optional<v1::OrderSummaryRow> contribute_to_summary(const v1::OrderRow& row);
// read.customers: what is not cancelled counts, by customer and currency.
std::optional<v1::CustomerRow> contribute_to_customers(const v1::OrderRow& row);

}  // namespace foldstream::orders
