// One pure function a command: what an order says to it. The rules are in README.md.
#pragma once

#include <cstddef>
#include <variant>

#include "common/fold/concepts.hpp"
#include "domains/orders/state.hpp"
#include "foldstream/orders/v1/commands.pb.h"
#include "foldstream/orders/v1/events.pb.h"

namespace foldstream::orders {

using Event =
    std::variant<v1::OrderCreated, v1::ItemAdded, v1::ItemRemoved, v1::PaymentConfirmed,
                 v1::OrderShipped, v1::OrderCompleted, v1::OrderCancelled, v1::OrderDeleted>;
using Decision = fold::Decision<Event>;

// Of one order, however they came in: keeps its total below 2^63 and its row small.
inline constexpr std::size_t max_items = 1000;

Decision decide(const State& state, const v1::CreateOrder& command, const fold::Context& context);
Decision decide(const State& state, const v1::AddItem& command, const fold::Context& context);
Decision decide(const State& state, const v1::RemoveItem& command, const fold::Context& context);
Decision decide(const State& state, const v1::ConfirmPayment& command,
                const fold::Context& context);
Decision decide(const State& state, const v1::ShipOrder& command, const fold::Context& context);
Decision decide(const State& state, const v1::CompleteOrder& command, const fold::Context& context);
Decision decide(const State& state, const v1::CancelOrder& command, const fold::Context& context);
// Exactly what the specific command does, without its reason, payment id or tracking number.
Decision decide(const State& state, const v1::UpdateOrderStatus& command,
                const fold::Context& context);
Decision decide(const State& state, const v1::DeleteOrder& command, const fold::Context& context);

// Trimmed and in lower case (ASCII): an e-mail address as the domain compares it.
std::string normalised_email(std::string_view email);

}  // namespace foldstream::orders
