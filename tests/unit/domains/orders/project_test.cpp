#include "domains/orders/project.hpp"

#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include "domains/orders/contribute.hpp"
#include "tests/unit/domains/orders/orders.hpp"

namespace foldstream::orders {
namespace {

using google::protobuf::util::TimeUtil;
using testing::noon_ms;

// The row after the history; the test fails when there is none.
v1::OrderRow row_of(const History& history) {
    const auto row = testing::folded(orders(), *orders().find_projection("orders"), history);
    if (!row) throw std::logic_error("no row");
    return static_cast<const v1::OrderRow&>(*row);
}

bool has_row(const History& history) {
    return testing::folded(orders(), *orders().find_projection("orders"), history) != nullptr;
}

TEST(CreatedOrder, has_a_row_with_all_that_was_said) {
    const v1::OrderRow row = row_of(a_pending_order());
    EXPECT_EQ(row.order_id(), "order-1");
    EXPECT_EQ(row.customer_id(), "ann");
    EXPECT_EQ(row.customer_name(), "Ann");
    EXPECT_EQ(row.customer_email(), "ann@example.com");
    EXPECT_EQ(row.status(), v1::ORDER_STATUS_PENDING);
    EXPECT_EQ(row.currency(), "EUR");
    EXPECT_EQ(row.shipping_address(), "1 Main Street");
    EXPECT_EQ(row.items_size(), 2);
    EXPECT_EQ(row.version(), 1);
    EXPECT_EQ(TimeUtil::TimestampToMilliseconds(row.created_at()), noon_ms);
    EXPECT_EQ(TimeUtil::TimestampToMilliseconds(row.updated_at()), noon_ms);
}

TEST(CreatedOrder, totals_price_times_quantity_and_counts_its_lines) {
    const v1::OrderRow row = row_of(a_pending_order());
    EXPECT_EQ(row.total_minor(), 2 * 250 + 1000);
    EXPECT_EQ(row.item_count(), 2);
}

TEST(LargestOrder, does_not_overflow_its_total) {
    constexpr std::int64_t highest_price = 10'000'000'000;
    v1::OrderCreated event;
    for (int i = 0; i < 1000; ++i) {
        *event.add_items() = item(std::to_string(i), highest_price, 10'000);
    }
    EXPECT_EQ(row_of(History(event)).total_minor(), highest_price * 10'000 * 1000);
}

TEST(AddedItem, changes_total_count_version_and_time) {
    const v1::OrderRow row = row_of(a_pending_order().then(added(item("c", 7, 3))));
    EXPECT_EQ(row.total_minor(), 1500 + 21);
    EXPECT_EQ(row.item_count(), 3);
    EXPECT_EQ(row.items(2).item_id(), "c");
    EXPECT_EQ(row.version(), 2);
    EXPECT_EQ(TimeUtil::TimestampToMilliseconds(row.created_at()), noon_ms);
    EXPECT_EQ(TimeUtil::TimestampToMilliseconds(row.updated_at()), noon_ms + 1000);
}

TEST(RemovedItem, is_gone_from_the_row) {
    const v1::OrderRow row = row_of(a_pending_order().then(removed("a")));
    EXPECT_EQ(row.items_size(), 1);
    EXPECT_EQ(row.items(0).item_id(), "b");
    EXPECT_EQ(row.total_minor(), 1000);
    EXPECT_EQ(row.item_count(), 1);
}

TEST(PaidOrder, shows_its_payment) {
    const v1::OrderRow row = row_of(a_paid_order());
    EXPECT_EQ(row.status(), v1::ORDER_STATUS_PAID);
    EXPECT_EQ(row.payment_id(), "payment-7");
    EXPECT_EQ(row.version(), 2);
}

TEST(ShippedOrder, shows_its_tracking_number) {
    const v1::OrderRow row = row_of(a_shipped_order());
    EXPECT_EQ(row.status(), v1::ORDER_STATUS_SHIPPED);
    EXPECT_EQ(row.tracking_number(), "track-9");
    EXPECT_EQ(row.payment_id(), "payment-7");
}

TEST(CompletedOrder, keeps_all_that_it_had) {
    const v1::OrderRow row = row_of(a_completed_order());
    EXPECT_EQ(row.status(), v1::ORDER_STATUS_COMPLETED);
    EXPECT_EQ(row.tracking_number(), "track-9");
    EXPECT_EQ(row.version(), 4);
}

TEST(CancelledOrder, shows_its_reason) {
    const v1::OrderRow row = row_of(a_cancelled_order());
    EXPECT_EQ(row.status(), v1::ORDER_STATUS_CANCELLED);
    EXPECT_EQ(row.cancel_reason(), "changed my mind");
}

TEST(DeletedOrder, has_no_row) { EXPECT_FALSE(has_row(a_deleted_order())); }

TEST(OrderThatNeverWas, gets_no_row_from_a_later_event) {
    EXPECT_FALSE(has_row(History(paid())));
    EXPECT_FALSE(has_row(History(added(item("a")))));
    EXPECT_FALSE(has_row(a_deleted_order().then(shipped())));
}

TEST(Summary, counts_every_order_by_status_and_currency) {
    for (const History& history : {a_pending_order(), a_paid_order(), a_shipped_order(),
                                   a_completed_order(), a_cancelled_order()}) {
        const v1::OrderRow row = row_of(history);
        const auto summary = contribute_to_summary(row);
        ASSERT_TRUE(summary);
        EXPECT_EQ(summary->status(), row.status());
        EXPECT_EQ(summary->currency(), "EUR");
        EXPECT_EQ(summary->orders(), 1);
        EXPECT_EQ(summary->revenue_minor(), 1500);
    }
}

TEST(Customer, is_credited_with_every_order_that_is_not_cancelled) {
    for (const History& history :
         {a_pending_order(), a_paid_order(), a_shipped_order(), a_completed_order()}) {
        const auto customer = contribute_to_customers(row_of(history));
        ASSERT_TRUE(customer);
        EXPECT_EQ(customer->customer_id(), "ann");
        EXPECT_EQ(customer->currency(), "EUR");
        EXPECT_EQ(customer->orders(), 1);
        EXPECT_EQ(customer->spent_minor(), 1500);
    }
    EXPECT_FALSE(contribute_to_customers(row_of(a_cancelled_order())));
}

}  // namespace
}  // namespace foldstream::orders
