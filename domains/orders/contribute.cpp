#include "domains/orders/contribute.hpp"

namespace foldstream::orders {

std::optional<v1::OrderSummaryRow> contribute_to_summary(const v1::OrderRow& row) {
    v1::OrderSummaryRow summary;
    summary.set_status(row.status());
    summary.set_currency(row.currency());
    summary.set_orders(1);
    summary.set_revenue_minor(row.total_minor());
    return summary;
}

std::optional<v1::CustomerRow> contribute_to_customers(const v1::OrderRow& row) {
    if (row.status() == v1::ORDER_STATUS_CANCELLED) return std::nullopt;
    v1::CustomerRow customer;
    customer.set_customer_id(row.customer_id());
    customer.set_currency(row.currency());
    customer.set_orders(1);
    customer.set_spent_minor(row.total_minor());
    return customer;
}

}  // namespace foldstream::orders
