#include "domains/orders/decide.hpp"

#include <gtest/gtest.h>

#include "tests/unit/domains/orders/orders.hpp"

namespace foldstream::orders {
namespace {

TEST(CreateOrder, where_there_is_none_is_accepted) {
    given(no_order()).when(create_order()).then(created());
}

TEST(CreateOrder, where_there_is_a_pending_order_is_refused) {
    given(a_pending_order()).when(create_order()).then_refused("already-exists");
}

TEST(CreateOrder, where_there_is_a_paid_order_is_refused) {
    given(a_paid_order()).when(create_order()).then_refused("already-exists");
}

TEST(CreateOrder, where_there_is_a_shipped_order_is_refused) {
    given(a_shipped_order()).when(create_order()).then_refused("already-exists");
}

TEST(CreateOrder, where_there_is_a_completed_order_is_refused) {
    given(a_completed_order()).when(create_order()).then_refused("already-exists");
}

TEST(CreateOrder, where_there_is_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(create_order()).then_refused("already-exists");
}

TEST(CreateOrder, where_there_is_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(create_order()).then_refused("already-exists");
}

TEST(AddItem, of_no_order_is_refused) {
    given(no_order()).when(add_item(item("c"))).then_refused("not-found");
}

TEST(AddItem, of_a_pending_order_is_accepted) {
    given(a_pending_order()).when(add_item(item("c"))).then(added(item("c")));
}

TEST(AddItem, of_a_paid_order_is_refused) {
    given(a_paid_order()).when(add_item(item("c"))).then_refused("order-not-editable");
}

TEST(AddItem, of_a_shipped_order_is_refused) {
    given(a_shipped_order()).when(add_item(item("c"))).then_refused("order-not-editable");
}

TEST(AddItem, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(add_item(item("c"))).then_refused("order-not-editable");
}

TEST(AddItem, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(add_item(item("c"))).then_refused("order-not-editable");
}

TEST(AddItem, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(add_item(item("c"))).then_refused("not-found");
}

TEST(RemoveItem, of_no_order_is_refused) {
    given(no_order()).when(remove_item("b")).then_refused("not-found");
}

TEST(RemoveItem, of_a_pending_order_is_accepted) {
    given(a_pending_order()).when(remove_item("b")).then(removed("b"));
}

TEST(RemoveItem, of_a_paid_order_is_refused) {
    given(a_paid_order()).when(remove_item("b")).then_refused("order-not-editable");
}

TEST(RemoveItem, of_a_shipped_order_is_refused) {
    given(a_shipped_order()).when(remove_item("b")).then_refused("order-not-editable");
}

TEST(RemoveItem, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(remove_item("b")).then_refused("order-not-editable");
}

TEST(RemoveItem, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(remove_item("b")).then_refused("order-not-editable");
}

TEST(RemoveItem, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(remove_item("b")).then_refused("not-found");
}

TEST(ConfirmPayment, of_no_order_is_refused) {
    given(no_order()).when(confirm_payment("payment-7")).then_refused("not-found");
}

TEST(ConfirmPayment, of_a_pending_order_is_accepted) {
    given(a_pending_order()).when(confirm_payment("payment-7")).then(paid("payment-7"));
}

TEST(ConfirmPayment, of_a_paid_order_is_refused) {
    given(a_paid_order()).when(confirm_payment("payment-7")).then_refused("order-not-payable");
}

TEST(ConfirmPayment, of_a_shipped_order_is_refused) {
    given(a_shipped_order()).when(confirm_payment("payment-7")).then_refused("order-not-payable");
}

TEST(ConfirmPayment, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(confirm_payment("payment-7")).then_refused("order-not-payable");
}

TEST(ConfirmPayment, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(confirm_payment("payment-7")).then_refused("order-not-payable");
}

TEST(ConfirmPayment, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(confirm_payment("payment-7")).then_refused("not-found");
}

TEST(ShipOrder, of_no_order_is_refused) {
    given(no_order()).when(ship_order("track-9")).then_refused("not-found");
}

TEST(ShipOrder, of_a_pending_order_is_refused) {
    given(a_pending_order()).when(ship_order("track-9")).then_refused("order-not-shippable");
}

TEST(ShipOrder, of_a_paid_order_is_accepted) {
    given(a_paid_order()).when(ship_order("track-9")).then(shipped("track-9"));
}

TEST(ShipOrder, of_a_shipped_order_is_refused) {
    given(a_shipped_order()).when(ship_order("track-9")).then_refused("order-not-shippable");
}

TEST(ShipOrder, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(ship_order("track-9")).then_refused("order-not-shippable");
}

TEST(ShipOrder, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(ship_order("track-9")).then_refused("order-not-shippable");
}

TEST(ShipOrder, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(ship_order("track-9")).then_refused("not-found");
}

TEST(CompleteOrder, of_no_order_is_refused) {
    given(no_order()).when(complete_order()).then_refused("not-found");
}

TEST(CompleteOrder, of_a_pending_order_is_refused) {
    given(a_pending_order()).when(complete_order()).then_refused("order-not-completable");
}

TEST(CompleteOrder, of_a_paid_order_is_refused) {
    given(a_paid_order()).when(complete_order()).then_refused("order-not-completable");
}

TEST(CompleteOrder, of_a_shipped_order_is_accepted) {
    given(a_shipped_order()).when(complete_order()).then(completed());
}

TEST(CompleteOrder, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(complete_order()).then_refused("order-not-completable");
}

TEST(CompleteOrder, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(complete_order()).then_refused("order-not-completable");
}

TEST(CompleteOrder, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(complete_order()).then_refused("not-found");
}

TEST(CancelOrder, of_no_order_is_refused) {
    given(no_order()).when(cancel_order("too late")).then_refused("not-found");
}

TEST(CancelOrder, of_a_pending_order_is_accepted) {
    given(a_pending_order()).when(cancel_order("too late")).then(cancelled("too late"));
}

TEST(CancelOrder, of_a_paid_order_is_accepted) {
    given(a_paid_order()).when(cancel_order("too late")).then(cancelled("too late"));
}

TEST(CancelOrder, of_a_shipped_order_is_accepted) {
    given(a_shipped_order()).when(cancel_order("too late")).then(cancelled("too late"));
}

TEST(CancelOrder, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(cancel_order("too late")).then_refused("order-not-cancellable");
}

TEST(CancelOrder, of_a_cancelled_order_is_accepted_without_event) {
    given(a_cancelled_order()).when(cancel_order("too late")).then_nothing_happens();
}

TEST(CancelOrder, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(cancel_order("too late")).then_refused("not-found");
}

TEST(DeleteOrder, of_no_order_is_refused) {
    given(no_order()).when(delete_order()).then_refused("not-found");
}

TEST(DeleteOrder, of_a_pending_order_is_accepted) {
    given(a_pending_order()).when(delete_order()).then(deleted());
}

TEST(DeleteOrder, of_a_paid_order_is_accepted) {
    given(a_paid_order()).when(delete_order()).then(deleted());
}

TEST(DeleteOrder, of_a_shipped_order_is_accepted) {
    given(a_shipped_order()).when(delete_order()).then(deleted());
}

TEST(DeleteOrder, of_a_completed_order_is_accepted) {
    given(a_completed_order()).when(delete_order()).then(deleted());
}

TEST(DeleteOrder, of_a_cancelled_order_is_accepted) {
    given(a_cancelled_order()).when(delete_order()).then(deleted());
}

TEST(DeleteOrder, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(delete_order()).then_refused("not-found");
}

TEST(UpdateStatusToPending, of_no_order_is_refused) {
    given(no_order()).when(update_status_to_pending()).then_refused("not-found");
}

TEST(UpdateStatusToPending, of_a_pending_order_is_accepted_without_event) {
    given(a_pending_order()).when(update_status_to_pending()).then_nothing_happens();
}

TEST(UpdateStatusToPending, of_a_paid_order_is_refused) {
    given(a_paid_order()).when(update_status_to_pending()).then_refused("order-not-editable");
}

TEST(UpdateStatusToPending, of_a_shipped_order_is_refused) {
    given(a_shipped_order()).when(update_status_to_pending()).then_refused("order-not-editable");
}

TEST(UpdateStatusToPending, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(update_status_to_pending()).then_refused("order-not-editable");
}

TEST(UpdateStatusToPending, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(update_status_to_pending()).then_refused("order-not-editable");
}

TEST(UpdateStatusToPending, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(update_status_to_pending()).then_refused("not-found");
}

TEST(UpdateStatusToPaid, of_no_order_is_refused) {
    given(no_order()).when(update_status_to_paid()).then_refused("not-found");
}

TEST(UpdateStatusToPaid, of_a_pending_order_is_accepted) {
    given(a_pending_order()).when(update_status_to_paid()).then(paid(""));
}

TEST(UpdateStatusToPaid, of_a_paid_order_is_refused) {
    given(a_paid_order()).when(update_status_to_paid()).then_refused("order-not-payable");
}

TEST(UpdateStatusToPaid, of_a_shipped_order_is_refused) {
    given(a_shipped_order()).when(update_status_to_paid()).then_refused("order-not-payable");
}

TEST(UpdateStatusToPaid, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(update_status_to_paid()).then_refused("order-not-payable");
}

TEST(UpdateStatusToPaid, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(update_status_to_paid()).then_refused("order-not-payable");
}

TEST(UpdateStatusToPaid, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(update_status_to_paid()).then_refused("not-found");
}

TEST(UpdateStatusToShipped, of_no_order_is_refused) {
    given(no_order()).when(update_status_to_shipped()).then_refused("not-found");
}

TEST(UpdateStatusToShipped, of_a_pending_order_is_refused) {
    given(a_pending_order()).when(update_status_to_shipped()).then_refused("order-not-shippable");
}

TEST(UpdateStatusToShipped, of_a_paid_order_is_accepted) {
    given(a_paid_order()).when(update_status_to_shipped()).then(shipped(""));
}

TEST(UpdateStatusToShipped, of_a_shipped_order_is_refused) {
    given(a_shipped_order()).when(update_status_to_shipped()).then_refused("order-not-shippable");
}

TEST(UpdateStatusToShipped, of_a_completed_order_is_refused) {
    given(a_completed_order()).when(update_status_to_shipped()).then_refused("order-not-shippable");
}

TEST(UpdateStatusToShipped, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order()).when(update_status_to_shipped()).then_refused("order-not-shippable");
}

TEST(UpdateStatusToShipped, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(update_status_to_shipped()).then_refused("not-found");
}

TEST(UpdateStatusToCompleted, of_no_order_is_refused) {
    given(no_order()).when(update_status_to_completed()).then_refused("not-found");
}

TEST(UpdateStatusToCompleted, of_a_pending_order_is_refused) {
    given(a_pending_order())
        .when(update_status_to_completed())
        .then_refused("order-not-completable");
}

TEST(UpdateStatusToCompleted, of_a_paid_order_is_refused) {
    given(a_paid_order()).when(update_status_to_completed()).then_refused("order-not-completable");
}

TEST(UpdateStatusToCompleted, of_a_shipped_order_is_accepted) {
    given(a_shipped_order()).when(update_status_to_completed()).then(completed());
}

TEST(UpdateStatusToCompleted, of_a_completed_order_is_refused) {
    given(a_completed_order())
        .when(update_status_to_completed())
        .then_refused("order-not-completable");
}

TEST(UpdateStatusToCompleted, of_a_cancelled_order_is_refused) {
    given(a_cancelled_order())
        .when(update_status_to_completed())
        .then_refused("order-not-completable");
}

TEST(UpdateStatusToCompleted, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(update_status_to_completed()).then_refused("not-found");
}

TEST(UpdateStatusToCancelled, of_no_order_is_refused) {
    given(no_order()).when(update_status_to_cancelled()).then_refused("not-found");
}

TEST(UpdateStatusToCancelled, of_a_pending_order_is_accepted) {
    given(a_pending_order()).when(update_status_to_cancelled()).then(cancelled(""));
}

TEST(UpdateStatusToCancelled, of_a_paid_order_is_accepted) {
    given(a_paid_order()).when(update_status_to_cancelled()).then(cancelled(""));
}

TEST(UpdateStatusToCancelled, of_a_shipped_order_is_accepted) {
    given(a_shipped_order()).when(update_status_to_cancelled()).then(cancelled(""));
}

TEST(UpdateStatusToCancelled, of_a_completed_order_is_refused) {
    given(a_completed_order())
        .when(update_status_to_cancelled())
        .then_refused("order-not-cancellable");
}

TEST(UpdateStatusToCancelled, of_a_cancelled_order_is_accepted_without_event) {
    given(a_cancelled_order()).when(update_status_to_cancelled()).then_nothing_happens();
}

TEST(UpdateStatusToCancelled, of_a_deleted_order_is_refused) {
    given(a_deleted_order()).when(update_status_to_cancelled()).then_refused("not-found");
}

// What is left: the details of single commands.

v1::CreateOrder shortest_order() {
    v1::CreateOrder command;
    command.set_customer_name("Ann");
    command.set_customer_email("  Ann@Example.COM\t");
    *command.add_items() = item("");
    *command.add_items() = item("");
    return command;
}

std::string fresh_id(int counter) {
    return Uuid::v5(domain_namespace("orders"), "order-1/command-1/" + std::to_string(counter))
        .text();
}

TEST(CreateOrder, fills_in_what_the_customer_left_out) {
    v1::OrderCreated event;
    event.set_customer_id("ann@example.com");
    event.set_customer_name("Ann");
    event.set_customer_email("ann@example.com");
    event.set_currency("USD");
    for (int i = 0; i < 2; ++i) {
        *event.add_items() = item("");
        event.mutable_items(i)->set_item_id(fresh_id(i));
    }
    given(no_order()).when(shortest_order()).then(event);
}

TEST(CreateOrder, normalises_the_email_and_keeps_the_customer_id_as_given) {
    auto command = create_order();
    command.set_customer_email(" ANN@example.com ");
    command.set_customer_id(" ANN ");
    auto event = created();
    event.set_customer_id(" ANN ");
    given(no_order()).when(command).then(event);
}

TEST(CreateOrder, with_the_same_item_id_twice_is_refused) {
    auto command = create_order();
    command.mutable_items(1)->set_item_id("a");
    given(no_order()).when(command).then_refused("item-exists");
}

TEST(CreateOrder, with_the_id_that_the_platform_makes_is_refused_like_any_other) {
    auto command = create_order();
    command.mutable_items(0)->set_item_id("");
    command.mutable_items(1)->set_item_id(fresh_id(0));
    given(no_order()).when(command).then_refused("item-exists");
}

TEST(CreateOrder, is_refused_for_ever_after_the_order_was_deleted) {
    given(a_pending_order().then(deleted())).when(create_order()).then_refused("already-exists");
}

TEST(AddItem, without_an_id_gets_one) {
    given(a_pending_order()).when(add_item(item(""))).then([] {
        auto made = item("");
        made.set_item_id(fresh_id(0));
        return added(made);
    }());
}

TEST(AddItem, whose_id_the_order_has_is_refused) {
    given(a_pending_order()).when(add_item(item("a"))).then_refused("item-exists");
}

TEST(AddItem, whose_id_was_added_later_is_refused) {
    given(a_pending_order().then(added(item("c"))))
        .when(add_item(item("c")))
        .then_refused("item-exists");
}

TEST(AddItem, whose_id_was_removed_is_accepted) {
    given(a_pending_order().then(removed("a"))).when(add_item(item("a"))).then(added(item("a")));
}

History an_order_of(std::size_t items) {
    v1::OrderCreated event;
    for (std::size_t i = 0; i < items; ++i) *event.add_items() = item(std::to_string(i));
    return History(event);
}

TEST(AddItem, beyond_the_thousandth_is_refused) {
    given(an_order_of(max_items)).when(add_item(item("a"))).then_refused("order-full");
}

TEST(AddItem, up_to_the_thousandth_is_accepted) {
    given(an_order_of(max_items - 1)).when(add_item(item("a"))).then(added(item("a")));
}

TEST(RemoveItem, that_the_order_does_not_have_is_refused) {
    given(a_pending_order()).when(remove_item("c")).then_refused("item-not-found");
}

TEST(RemoveItem, that_was_removed_already_is_refused) {
    given(a_pending_order().then(removed("b")))
        .when(remove_item("b"))
        .then_refused("item-not-found");
}

TEST(RemoveItem, that_is_the_last_one_is_refused) {
    given(a_pending_order().then(removed("b"))).when(remove_item("a")).then_refused("order-empty");
}

TEST(RemoveItem, that_is_unknown_to_an_order_of_one_is_not_the_last_one) {
    given(a_pending_order().then(removed("b")))
        .when(remove_item("c"))
        .then_refused("item-not-found");
}

TEST(UpdateOrderStatus, to_a_status_that_no_order_has_is_invalid) {
    const auto decided = given(a_pending_order()).when(update_status(v1::ORDER_STATUS_UNSPECIFIED));
    ASSERT_FALSE(decided.answer().ok());
    EXPECT_EQ(decided.answer().error().code, "invalid");
}

TEST(Email, is_normalised_by_trimming_and_lower_case) {
    EXPECT_EQ(normalised_email("\t A@B.C \n"), "a@b.c");
    EXPECT_EQ(normalised_email(" "), "");
    EXPECT_EQ(normalised_email("J\xC3\x96RG@x.y"), "j\xC3\x96rg@x.y");
}

}  // namespace
}  // namespace foldstream::orders
