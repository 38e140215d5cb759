#include "domains/orders/evolve.hpp"

#include <gtest/gtest.h>

#include "domains/orders/state.hpp"
#include "tests/unit/domains/orders/orders.hpp"

namespace foldstream::orders {
namespace {

State state_of(const History& history) {
    const auto state = testing::evolved(orders(), history);
    return *static_cast<const State*>(state.get());
}

State pending(std::vector<std::string> ids) { return Pending{std::move(ids)}; }

TEST(State, follows_the_order_through_its_life) {
    EXPECT_EQ(state_of(no_order()), State(Absent{}));
    EXPECT_EQ(state_of(a_pending_order()), pending({"a", "b"}));
    EXPECT_EQ(state_of(a_paid_order()), State(Paid{}));
    EXPECT_EQ(state_of(a_shipped_order()), State(Shipped{}));
    EXPECT_EQ(state_of(a_completed_order()), State(Completed{}));
    EXPECT_EQ(state_of(a_cancelled_order()), State(Cancelled{}));
    EXPECT_EQ(state_of(a_deleted_order()), State(Deleted{}));
}

TEST(State, knows_the_items_of_a_pending_order) {
    EXPECT_EQ(state_of(a_pending_order().then(added(item("c")))), pending({"a", "b", "c"}));
    EXPECT_EQ(state_of(a_pending_order().then(removed("a"))), pending({"b"}));
    EXPECT_EQ(state_of(a_pending_order().then(removed("none"))), pending({"a", "b"}));
}

TEST(State, is_not_moved_by_an_item_event_that_comes_too_late) {
    EXPECT_EQ(state_of(a_paid_order().then(added(item("c")))), State(Paid{}));
    EXPECT_EQ(state_of(a_paid_order().then(removed("a"))), State(Paid{}));
}

TEST(StoredState, that_is_not_one_is_refused) {
    EXPECT_FALSE(decode_state(std::type_identity<State>{}, "\xFF\xFF"));
    EXPECT_EQ(decode_state(std::type_identity<State>{}, ""), State(Absent{}));
}

}  // namespace
}  // namespace foldstream::orders
