#include "domains/orders/decide.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace foldstream::orders {

namespace {

using fold::Context;
using fold::reject;

template <typename Status>
bool is(const State& state) {
    return std::holds_alternative<Status>(state);
}

// A deleted order is as if it had never been, but for its id.
bool exists(const State& state) { return !is<Absent>(state) && !is<Deleted>(state); }

Decision accept(Event event) {
    std::vector<Event> events;
    events.push_back(std::move(event));
    return events;
}

Decision accept_without_event() { return std::vector<Event>{}; }

bool has_item(const Pending& order, const std::string& item_id) {
    return std::find(order.item_ids.begin(), order.item_ids.end(), item_id) != order.item_ids.end();
}

v1::OrderItem with_id(v1::OrderItem item, const Context& context) {
    if (item.item_id().empty()) item.set_item_id(context.fresh_id());
    return item;
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string normalised_email(std::string_view email) {
    while (!email.empty() && is_space(email.front())) email.remove_prefix(1);
    while (!email.empty() && is_space(email.back())) email.remove_suffix(1);
    std::string normalised(email);
    std::transform(normalised.begin(), normalised.end(), normalised.begin(), lower);
    return normalised;
}

Decision decide(const State& state, const v1::CreateOrder& command, const Context& context) {
    if (!is<Absent>(state)) return reject("already-exists");
    v1::OrderCreated created;
    created.set_customer_name(command.customer_name());
    created.set_customer_email(normalised_email(command.customer_email()));
    created.set_customer_id(command.customer_id().empty() ? created.customer_email()
                                                          : command.customer_id());
    created.set_currency(command.currency().empty() ? "USD" : command.currency());
    created.set_shipping_address(command.shipping_address());
    std::set<std::string> ids;
    for (const v1::OrderItem& item : command.items()) {
        v1::OrderItem& added = *created.add_items() = with_id(item, context);
        if (!ids.insert(added.item_id()).second) return reject("item-exists");
    }
    return accept(std::move(created));
}

Decision decide(const State& state, const v1::AddItem& command, const Context& context) {
    if (!exists(state)) return reject("not-found");
    const auto* order = std::get_if<Pending>(&state);
    if (order == nullptr) return reject("order-not-editable");
    v1::ItemAdded added;
    *added.mutable_item() = with_id(command.item(), context);
    if (has_item(*order, added.item().item_id())) return reject("item-exists");
    if (order->item_ids.size() >= max_items) return reject("order-full");
    return accept(std::move(added));
}

Decision decide(const State& state, const v1::RemoveItem& command, const Context&) {
    if (!exists(state)) return reject("not-found");
    const auto* order = std::get_if<Pending>(&state);
    if (order == nullptr) return reject("order-not-editable");
    if (!has_item(*order, command.item_id())) return reject("item-not-found");
    if (order->item_ids.size() == 1) return reject("order-empty");
    v1::ItemRemoved removed;
    removed.set_item_id(command.item_id());
    return accept(std::move(removed));
}

Decision decide(const State& state, const v1::ConfirmPayment& command, const Context&) {
    if (!exists(state)) return reject("not-found");
    if (!is<Pending>(state)) return reject("order-not-payable");
    v1::PaymentConfirmed confirmed;
    confirmed.set_payment_id(command.payment_id());
    return accept(std::move(confirmed));
}

Decision decide(const State& state, const v1::ShipOrder& command, const Context&) {
    if (!exists(state)) return reject("not-found");
    if (!is<Paid>(state)) return reject("order-not-shippable");
    v1::OrderShipped shipped;
    shipped.set_tracking_number(command.tracking_number());
    return accept(std::move(shipped));
}

Decision decide(const State& state, const v1::CompleteOrder&, const Context&) {
    if (!exists(state)) return reject("not-found");
    if (!is<Shipped>(state)) return reject("order-not-completable");
    return accept(v1::OrderCompleted());
}

Decision decide(const State& state, const v1::CancelOrder& command, const Context&) {
    if (!exists(state)) return reject("not-found");
    if (is<Completed>(state)) return reject("order-not-cancellable");
    // Whoever cancels twice wants what is already so.
    if (is<Cancelled>(state)) return accept_without_event();
    v1::OrderCancelled cancelled;
    cancelled.set_reason(command.reason());
    return accept(std::move(cancelled));
}

Decision decide(const State& state, const v1::UpdateOrderStatus& command, const Context& context) {
    switch (command.status()) {
        case v1::ORDER_STATUS_PENDING:
            // No command leads back to pending, so this one asks for an edit that cannot be, or
            // for what is already so.
            if (!exists(state)) return reject("not-found");
            if (!is<Pending>(state)) return reject("order-not-editable");
            return accept_without_event();
        case v1::ORDER_STATUS_PAID:
            return decide(state, v1::ConfirmPayment(), context);
        case v1::ORDER_STATUS_SHIPPED:
            return decide(state, v1::ShipOrder(), context);
        case v1::ORDER_STATUS_COMPLETED:
            return decide(state, v1::CompleteOrder(), context);
        case v1::ORDER_STATUS_CANCELLED:
            return decide(state, v1::CancelOrder(), context);
        default:
            // The checks at the door let no other status in.
            return reject("invalid");
    }
}

Decision decide(const State& state, const v1::DeleteOrder&, const Context&) {
    if (!exists(state)) return reject("not-found");
    return accept(v1::OrderDeleted());
}

}  // namespace foldstream::orders
