#include "domains/orders/project.hpp"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <string>

namespace foldstream::orders {

using fold::Meta;
using google::protobuf::util::TimeUtil;

namespace {

void touch(v1::OrderRow& row, const Meta& meta) {
    row.set_version(static_cast<std::int64_t>(meta.version.value));
    *row.mutable_updated_at() = TimeUtil::MillisecondsToTimestamp(meta.time_ms);
}

void sum_items(v1::OrderRow& row) {
    std::int64_t total = 0;
    for (const v1::OrderItem& item : row.items()) total += item.price_minor() * item.quantity();
    row.set_total_minor(total);
    row.set_item_count(row.items_size());
}

// An event that changes a row: nothing where there is none to change.
template <typename Change>
MaybeRow change(MaybeRow&& row, const Meta& meta, Change apply) {
    if (!row) return std::nullopt;
    apply(*row);
    touch(*row, meta);
    return std::move(row);
}

}  // namespace

MaybeRow project(MaybeRow, const v1::OrderCreated& event, const Meta& meta) {
    v1::OrderRow row;
    row.set_order_id(std::string(meta.aggregate_id));
    row.set_customer_id(event.customer_id());
    row.set_customer_name(event.customer_name());
    row.set_customer_email(event.customer_email());
    row.set_status(v1::ORDER_STATUS_PENDING);
    row.set_currency(event.currency());
    row.set_shipping_address(event.shipping_address());
    *row.mutable_items() = event.items();
    *row.mutable_created_at() = TimeUtil::MillisecondsToTimestamp(meta.time_ms);
    sum_items(row);
    touch(row, meta);
    return row;
}

MaybeRow project(MaybeRow row, const v1::ItemAdded& event, const Meta& meta) {
    return change(std::move(row), meta, [&](v1::OrderRow& order) {
        *order.add_items() = event.item();
        sum_items(order);
    });
}

MaybeRow project(MaybeRow row, const v1::ItemRemoved& event, const Meta& meta) {
    return change(std::move(row), meta, [&](v1::OrderRow& order) {
        auto& items = *order.mutable_items();
        const auto gone = [&](const v1::OrderItem& item) {
            return item.item_id() == event.item_id();
        };
        items.erase(std::remove_if(items.begin(), items.end(), gone), items.end());
        sum_items(order);
    });
}

MaybeRow project(MaybeRow row, const v1::PaymentConfirmed& event, const Meta& meta) {
    return change(std::move(row), meta, [&](v1::OrderRow& order) {
        order.set_status(v1::ORDER_STATUS_PAID);
        order.set_payment_id(event.payment_id());
    });
}

MaybeRow project(MaybeRow row, const v1::OrderShipped& event, const Meta& meta) {
    return change(std::move(row), meta, [&](v1::OrderRow& order) {
        order.set_status(v1::ORDER_STATUS_SHIPPED);
        order.set_tracking_number(event.tracking_number());
    });
}

MaybeRow project(MaybeRow row, const v1::OrderCompleted&, const Meta& meta) {
    return change(std::move(row), meta,
                  [](v1::OrderRow& order) { order.set_status(v1::ORDER_STATUS_COMPLETED); });
}

MaybeRow project(MaybeRow row, const v1::OrderCancelled& event, const Meta& meta) {
    return change(std::move(row), meta, [&](v1::OrderRow& order) {
        order.set_status(v1::ORDER_STATUS_CANCELLED);
        order.set_cancel_reason(event.reason());
    });
}

MaybeRow project(MaybeRow, const v1::OrderDeleted&, const Meta&) { return std::nullopt; }

}  // namespace foldstream::orders
