// The words of the orders' tests: orders in each of their statuses, commands and events.
#pragma once

#include <string>

#include "domains/orders/module.hpp"
#include "foldstream/orders/v1/commands.pb.h"
#include "foldstream/orders/v1/events.pb.h"
#include "foldstream/orders/v1/rows.pb.h"
#include "tests/unit/domains/folded.hpp"
#include "tests/unit/domains/given.hpp"

namespace foldstream::orders {

using testing::History;

inline const fold::DomainModule& orders() {
    static const auto module = make_module();
    return *module;
}

inline testing::Given given(const History& history) { return {orders(), history}; }

inline v1::OrderItem item(const std::string& id, std::int64_t price = 250, int quantity = 2) {
    v1::OrderItem made;
    made.set_item_id(id);
    made.set_product_id("product-" + id);
    made.set_name("Tea " + id);
    made.set_price_minor(price);
    made.set_quantity(quantity);
    return made;
}

// Events.

inline v1::OrderCreated created() {
    v1::OrderCreated event;
    event.set_customer_id("ann");
    event.set_customer_name("Ann");
    event.set_customer_email("ann@example.com");
    event.set_currency("EUR");
    event.set_shipping_address("1 Main Street");
    *event.add_items() = item("a");
    *event.add_items() = item("b", 1000, 1);
    return event;
}
inline v1::ItemAdded added(const v1::OrderItem& made) {
    v1::ItemAdded event;
    *event.mutable_item() = made;
    return event;
}
inline v1::ItemRemoved removed(const std::string& id) {
    v1::ItemRemoved event;
    event.set_item_id(id);
    return event;
}
inline v1::PaymentConfirmed paid(const std::string& payment_id = "payment-7") {
    v1::PaymentConfirmed event;
    event.set_payment_id(payment_id);
    return event;
}
inline v1::OrderShipped shipped(const std::string& tracking_number = "track-9") {
    v1::OrderShipped event;
    event.set_tracking_number(tracking_number);
    return event;
}
inline v1::OrderCompleted completed() { return {}; }
inline v1::OrderCancelled cancelled(const std::string& reason = "changed my mind") {
    v1::OrderCancelled event;
    event.set_reason(reason);
    return event;
}
inline v1::OrderDeleted deleted() { return {}; }

// Orders.

inline History no_order() { return History(); }
inline History a_pending_order() { return History(created()); }
inline History a_paid_order() { return a_pending_order().then(paid()); }
inline History a_shipped_order() { return a_paid_order().then(shipped()); }
inline History a_completed_order() { return a_shipped_order().then(completed()); }
inline History a_cancelled_order() { return a_paid_order().then(cancelled()); }
inline History a_deleted_order() { return a_paid_order().then(deleted()); }

// Commands.

inline v1::CreateOrder create_order() {
    v1::CreateOrder command;
    command.set_order_id("order-1");
    command.set_customer_id("ann");
    command.set_customer_name("Ann");
    command.set_customer_email("ann@example.com");
    command.set_currency("EUR");
    command.set_shipping_address("1 Main Street");
    *command.add_items() = item("a");
    *command.add_items() = item("b", 1000, 1);
    return command;
}
template <typename Command>
Command for_order() {
    Command command;
    command.set_order_id("order-1");
    return command;
}
inline v1::AddItem add_item(const v1::OrderItem& made) {
    auto command = for_order<v1::AddItem>();
    *command.mutable_item() = made;
    return command;
}
inline v1::RemoveItem remove_item(const std::string& id) {
    auto command = for_order<v1::RemoveItem>();
    command.set_item_id(id);
    return command;
}
inline v1::ConfirmPayment confirm_payment(const std::string& payment_id = "payment-7") {
    auto command = for_order<v1::ConfirmPayment>();
    command.set_payment_id(payment_id);
    return command;
}
inline v1::ShipOrder ship_order(const std::string& tracking_number = "track-9") {
    auto command = for_order<v1::ShipOrder>();
    command.set_tracking_number(tracking_number);
    return command;
}
inline v1::CompleteOrder complete_order() { return for_order<v1::CompleteOrder>(); }
inline v1::CancelOrder cancel_order(const std::string& reason = "changed my mind") {
    auto command = for_order<v1::CancelOrder>();
    command.set_reason(reason);
    return command;
}
inline v1::DeleteOrder delete_order() { return for_order<v1::DeleteOrder>(); }
inline v1::UpdateOrderStatus update_status(v1::OrderStatus status) {
    auto command = for_order<v1::UpdateOrderStatus>();
    command.set_status(status);
    return command;
}
inline v1::UpdateOrderStatus update_status_to_pending() {
    return update_status(v1::ORDER_STATUS_PENDING);
}
inline v1::UpdateOrderStatus update_status_to_paid() {
    return update_status(v1::ORDER_STATUS_PAID);
}
inline v1::UpdateOrderStatus update_status_to_shipped() {
    return update_status(v1::ORDER_STATUS_SHIPPED);
}
inline v1::UpdateOrderStatus update_status_to_completed() {
    return update_status(v1::ORDER_STATUS_COMPLETED);
}
inline v1::UpdateOrderStatus update_status_to_cancelled() {
    return update_status(v1::ORDER_STATUS_CANCELLED);
}

}  // namespace foldstream::orders
