#include "bench/orders/workload.hpp"

#include <algorithm>
#include <string>

#include "common/core/uuid.hpp"
#include "foldstream/orders/v1/commands.pb.h"
#include "foldstream/v1/command.pb.h"

namespace foldstream::bench {

namespace {

namespace orders = foldstream::orders::v1;

constexpr std::uint32_t customers = 10'000;
constexpr std::uint32_t ending_commands = 3;

orders::OrderItem item(std::uint32_t number) {
    orders::OrderItem made;
    made.set_item_id("item-" + std::to_string(number));
    made.set_product_id("product-" + std::to_string(number % 1'000));
    made.set_name("Desk lamp, brass");
    made.set_price_minor(1'000 + number % 9'000);
    made.set_quantity(static_cast<std::int32_t>(1 + number % 3));
    return made;
}

template <typename Body>
void pack(const Body& body, v1::Command& command) {
    command.set_type(body.GetDescriptor()->full_name());
    command.set_content_type(v1::CONTENT_TYPE_PROTOBUF);
    command.set_value(body.SerializeAsString());
}

void create(const std::string& key, std::uint32_t order, v1::Command& command) {
    const std::string customer = std::to_string(order % customers);
    orders::CreateOrder body;
    body.set_order_id(key);
    body.set_customer_name("Customer " + customer);
    body.set_customer_email("customer" + customer + "@example.com");
    body.set_currency("USD");
    body.set_shipping_address(customer + " Main Street, Springfield");
    *body.add_items() = item(0);
    pack(body, command);
}

// `left`: commands behind this one.
void fill(const std::string& key, std::uint32_t order, std::uint32_t step, std::uint32_t left,
          v1::Command& command) {
    const auto of_order = [&key](auto body) {
        body.set_order_id(key);
        return body;
    };
    if (step == 0) return create(key, order, command);
    if (step + left < ending_commands || left >= ending_commands) {
        auto body = of_order(orders::AddItem());
        *body.mutable_item() = item(step);
        return pack(body, command);
    }
    if (left == 2) {
        auto body = of_order(orders::ConfirmPayment());
        body.set_payment_id("payment-" + std::to_string(order));
        return pack(body, command);
    }
    if (left == 1) {
        auto body = of_order(orders::ShipOrder());
        body.set_tracking_number("track-" + std::to_string(order));
        return pack(body, command);
    }
    pack(of_order(orders::CompleteOrder()), command);
}

}  // namespace

PackedCommand packed(const Workload& workload, std::uint32_t order, std::uint32_t step) {
    static const Uuid space = domain_namespace("orders");
    PackedCommand made;
    made.key = workload.name + "-order-" + std::to_string(order);
    made.command_id = Uuid::v5(space, made.key + "/" + std::to_string(step)).text();
    v1::Command command;
    command.set_command_id(made.command_id);
    fill(made.key, order, step, workload.commands_of_each - 1 - step, command);
    made.value = command.SerializeAsString();
    return made;
}

Interleaved::Interleaved(const Workload& workload) : workload_(workload) {
    begun_ = std::min(workload_.open, workload_.orders);
    for (std::uint32_t order = 0; order < begun_; ++order) open_.push_back({order, 0});
}

bool Interleaved::next(PackedCommand& command) {
    if (open_.empty()) return false;
    Open& one = open_[random_() % open_.size()];
    command = packed(workload_, one.order, one.step);
    if (++one.step < workload_.commands_of_each) return true;
    if (begun_ < workload_.orders) {
        one = {begun_++, 0};
    } else {
        one = open_.back();
        open_.pop_back();
    }
    return true;
}

}  // namespace foldstream::bench
