#include "domains/orders/module.hpp"

#include "common/fold/builder.hpp"
#include "domains/orders/contribute.hpp"
#include "domains/orders/decide.hpp"
#include "domains/orders/evolve.hpp"
#include "domains/orders/project.hpp"

namespace foldstream::orders {

namespace {

fold::NamedQuery summary() {
    fold::NamedQuery query;
    query.path = "/summary";
    query.row_prototype = &v1::OrderSummaryRow::default_instance();
    query.sql =
        "SELECT status, currency, orders, revenue_minor, average_minor "
        "FROM read.order_summary ORDER BY status, currency";
    query.totals = {{"totalOrders", "orders"}};
    return query;
}

fold::NamedQuery top_customers() {
    fold::NamedQuery query;
    query.path = "/top-customers";
    query.row_prototype = &v1::CustomerRow::default_instance();
    query.sql =
        "SELECT customer_id, customer_name, customer_email, currency, orders, spent_minor, "
        "last_order_at FROM read.customers "
        "ORDER BY spent_minor DESC, customer_id, currency LIMIT $1";
    query.limited = true;
    return query;
}

std::unique_ptr<fold::Projection> orders_projection() {
    const auto fold = [](MaybeRow row, const auto& event, const fold::Meta& meta) {
        return project(std::move(row), event, meta);
    };
    return fold::ProjectionBuilder<v1::OrderRow, Event>("orders", orders_fold_version, fold)
        .rollup<v1::OrderSummaryRow>(&contribute_to_summary)
        .rollup<v1::CustomerRow>(&contribute_to_customers)
        .build();
}

}  // namespace

std::unique_ptr<fold::DomainModule> make_module() {
    return fold::DomainBuilder<State, Event>("orders", evolve_version)
        .commands<v1::CreateOrder, v1::AddItem, v1::RemoveItem, v1::ConfirmPayment, v1::ShipOrder,
                  v1::CompleteOrder, v1::CancelOrder, v1::UpdateOrderStatus, v1::DeleteOrder>()
        .projection(orders_projection())
        .query(summary())
        .query(top_customers())
        .code("not-found", 404, "There is no such order")
        .code("already-exists", 409, "This order id has been used already")
        .code("order-not-editable", 422, "Only a pending order can be edited")
        .code("order-not-payable", 422, "Only a pending order can be paid")
        .code("order-not-shippable", 422, "Only a paid order can be shipped")
        .code("order-not-completable", 422, "Only a shipped order can be completed")
        .code("order-not-cancellable", 422, "A completed order cannot be cancelled")
        .code("item-exists", 422, "The order has an item with this id already")
        .code("item-not-found", 422, "The order has no item with this id")
        .code("order-empty", 422, "An order keeps at least one item")
        .code("order-full", 422, "An order holds at most 1000 items")
        .build();
}

}  // namespace foldstream::orders
