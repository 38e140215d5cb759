#include "command-service/in_flight.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace foldstream::command_service {
namespace {

using std::chrono::seconds;
using Time = InFlight::Time;

Waiting waiting(const std::string& client = "a", Wish wish = Wish::outcome,
                Time deadline = Time(seconds(10))) {
    Waiting made;
    made.client = client;
    made.command_id = "c-1";
    made.wish = wish;
    made.deadline = deadline;
    return made;
}

Ticket admitted(InFlight& in_flight, Waiting made = waiting()) {
    const auto [admission, ticket] = in_flight.admit(std::move(made));
    EXPECT_EQ(admission, Admission::admitted);
    return ticket;
}

TEST(InFlight, gives_each_command_to_one_taker) {
    InFlight in_flight(10, 10);
    const Ticket first = admitted(in_flight);
    const Ticket second = admitted(in_flight);
    EXPECT_NE(first, second);
    EXPECT_EQ(in_flight.take(first)->command_id, "c-1");
    EXPECT_FALSE(in_flight.take(first));
    EXPECT_FALSE(in_flight.take(99));
    EXPECT_EQ(in_flight.size(), 1U);
    EXPECT_EQ(in_flight.expired(Time(seconds(10))).size(), 1U);
    EXPECT_EQ(in_flight.size(), 0U);
}

TEST(InFlight, gives_no_command_the_reply_to_another_one) {
    InFlight in_flight(10, 10);
    const Ticket ticket = admitted(in_flight);
    EXPECT_FALSE(in_flight.take(ticket, "c-2"));
    EXPECT_FALSE(in_flight.take(ticket, ""));
    EXPECT_EQ(in_flight.size(), 1U);
    EXPECT_TRUE(in_flight.take(ticket, "c-1"));
    EXPECT_FALSE(in_flight.take(ticket, "c-1"));
}

TEST(InFlight, is_bounded_all_together_and_for_each_client) {
    InFlight in_flight(3, 2);
    const Ticket first = admitted(in_flight, waiting("a"));
    admitted(in_flight, waiting("a"));
    EXPECT_EQ(in_flight.admit(waiting("a")).first, Admission::client_full);
    admitted(in_flight, waiting("b"));
    EXPECT_EQ(in_flight.admit(waiting("c")).first, Admission::full);
    ASSERT_TRUE(in_flight.take(first));
    admitted(in_flight, waiting("a"));
    EXPECT_EQ(in_flight.admit(waiting("b")).first, Admission::full);
    in_flight.close();
    EXPECT_EQ(in_flight.admit(waiting("c")).first, Admission::closed);
}

TEST(InFlight, lets_a_command_only_go_on) {
    constexpr Stage all[] = {Stage::queued, Stage::sent, Stage::delivered};
    int allowed = 0;
    for (const Stage from : all) {
        for (const Stage to : all) allowed += may_follow(from, to) ? 1 : 0;
    }
    EXPECT_EQ(allowed, 2);
    EXPECT_TRUE(may_follow(Stage::queued, Stage::sent));
    EXPECT_TRUE(may_follow(Stage::sent, Stage::delivered));
}

TEST(InFlight, tells_at_the_deadline_how_far_a_command_had_come) {
    InFlight in_flight(10, 10);
    admitted(in_flight);
    const Ticket sent = admitted(in_flight);
    const Ticket delivered = admitted(in_flight);
    EXPECT_EQ(in_flight.sending(sent), Wish::outcome);
    in_flight.sending(delivered);
    EXPECT_FALSE(in_flight.delivered(delivered));  // its client waits for more
    EXPECT_FALSE(in_flight.unproved(sent));
    EXPECT_TRUE(in_flight.expired(Time(seconds(9))).empty());
    const auto expired = in_flight.expired(Time(seconds(10)));
    ASSERT_EQ(expired.size(), 3U);
    EXPECT_EQ(expired[0].stage, Stage::queued);
    EXPECT_EQ(expired[1].stage, Stage::sent);
    EXPECT_EQ(expired[2].stage, Stage::delivered);
}

TEST(InFlight, does_not_let_a_command_be_sent_whose_client_was_answered) {
    InFlight in_flight(10, 10);
    const Ticket ticket = admitted(in_flight);
    in_flight.expired(Time(seconds(10)));
    EXPECT_FALSE(in_flight.sending(ticket));
    EXPECT_FALSE(in_flight.delivered(ticket));
    EXPECT_FALSE(in_flight.unproved(ticket));
}

TEST(InFlight, gives_up_a_command_when_its_delivery_is_proved_or_not_only_if_that_is_waited_for) {
    for (const bool proved : {true, false}) {
        InFlight in_flight(10, 10);
        const Ticket outcome = admitted(in_flight);
        const Ticket either = admitted(in_flight, waiting("a", Wish::outcome_or_delivery));
        const Ticket delivery = admitted(in_flight, waiting("a", Wish::delivery));
        for (const Ticket ticket : {outcome, either, delivery}) {
            in_flight.sending(ticket);
            const auto taken = proved ? in_flight.delivered(ticket) : in_flight.unproved(ticket);
            EXPECT_EQ(taken.has_value(), ticket == delivery);
        }
        EXPECT_EQ(in_flight.size(), 2U);
    }
}

TEST(InFlight, hears_a_reply_before_the_delivery_is_reported) {
    InFlight in_flight(10, 10);
    const Ticket ticket = admitted(in_flight);
    in_flight.sending(ticket);
    EXPECT_TRUE(in_flight.take(ticket));
    EXPECT_FALSE(in_flight.delivered(ticket));
}

TEST(InFlight, keeps_nobody_beyond_the_last_moment) {
    InFlight in_flight(10, 10);
    admitted(in_flight, waiting("a", Wish::outcome, Time(seconds(60))));
    in_flight.no_later_than(Time(seconds(3)));
    admitted(in_flight, waiting("a", Wish::outcome, Time(seconds(60))));
    admitted(in_flight, waiting("a", Wish::outcome, Time(seconds(1))));
    EXPECT_EQ(in_flight.expired(Time(seconds(1))).size(), 1U);
    EXPECT_EQ(in_flight.expired(Time(seconds(3))).size(), 2U);
}

TEST(InFlight, answers_each_command_once_whoever_comes_first) {
    constexpr int count = 2'000;
    InFlight in_flight(count, count);
    std::atomic<int> taken{0};
    for (int i = 0; i < count; ++i) admitted(in_flight);
    const auto take_all = [&] {
        for (Ticket ticket = 1; ticket <= count; ++ticket) {
            if (in_flight.take(ticket)) ++taken;
        }
    };
    std::thread other(take_all);
    std::thread clock(
        [&] { taken += static_cast<int>(in_flight.expired(Time(seconds(10))).size()); });
    take_all();
    other.join();
    clock.join();
    EXPECT_EQ(taken, count);
    EXPECT_EQ(in_flight.size(), 0U);
}

}  // namespace
}  // namespace foldstream::command_service
