#include "domains/orders/evolve.hpp"

namespace foldstream::orders {

using fold::Meta;

State evolve(State, const v1::OrderCreated& event, const Meta&) {
    Pending pending;
    pending.item_ids.reserve(static_cast<std::size_t>(event.items_size()));
    for (const v1::OrderItem& item : event.items()) pending.item_ids.push_back(item.item_id());
    return pending;
}

State evolve(State state, const v1::ItemAdded& event, const Meta&) {
    if (auto* pending = std::get_if<Pending>(&state)) {
        pending->item_ids.push_back(event.item().item_id());
    }
    return state;
}

State evolve(State state, const v1::ItemRemoved& event, const Meta&) {
    if (auto* pending = std::get_if<Pending>(&state)) {
        std::erase(pending->item_ids, event.item_id());
    }
    return state;
}

State evolve(State, const v1::PaymentConfirmed&, const Meta&) { return Paid{}; }

State evolve(State, const v1::OrderShipped&, const Meta&) { return Shipped{}; }

State evolve(State, const v1::OrderCompleted&, const Meta&) { return Completed{}; }

State evolve(State, const v1::OrderCancelled&, const Meta&) { return Cancelled{}; }

State evolve(State, const v1::OrderDeleted&, const Meta&) { return Deleted{}; }

}  // namespace foldstream::orders
