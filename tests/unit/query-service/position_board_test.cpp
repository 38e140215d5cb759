#include "query-service/position_board.hpp"

#include <gtest/gtest.h>

namespace foldstream::query {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Source orders{"orders", "orders"};

class Board : public ::testing::Test {
protected:
    void applied(std::uint64_t sequence, std::int64_t seen, Partition partition = Partition(0)) {
        states_["orders"].domain = "orders";
        states_["orders"].partition_count = 2;
        states_["orders"].partitions[partition] = {Sequence(sequence), Offset(seen)};
        board_.set_checkpoints(states_);
    }
    void head(std::int64_t end0, std::int64_t end1 = 0) {
        board_.set_head("orders", clock_.steady(),
                        {{Partition(0), Offset(end0)}, {Partition(1), Offset(end1)}});
    }
    std::optional<std::int64_t> lag(std::int64_t seen) const {
        return board_.lag_ms("orders", {{"orders", Partition(0), Sequence(0)}, Offset(seen)});
    }
    void wait(const Place& place, milliseconds at_most = seconds(5)) {
        ended_.reset();
        EXPECT_TRUE(board_.wait({orders}, {place}, clock_.steady() + at_most,
                                [this](Waited how) { ended_ = how; }));
    }
    static Place place(std::uint64_t sequence, std::int32_t partition = 0) {
        return {"orders", Partition(partition), Sequence(sequence)};
    }

    ManualClock clock_;
    PositionBoard board_{clock_, 2};
    std::map<std::string, ProjectionState> states_;
    std::optional<Waited> ended_;
};

TEST_F(Board, ends_a_wait_when_the_partition_has_applied_the_entry) {
    applied(4, 10);
    wait(place(5));
    EXPECT_EQ(ended_, std::nullopt);
    applied(9, 20, Partition(1));
    EXPECT_EQ(ended_, std::nullopt) << "another partition's progress is not its own";
    applied(5, 11);
    EXPECT_EQ(ended_, Waited::reached);
}

TEST_F(Board, does_not_wait_for_what_is_applied_already) {
    applied(5, 10);
    wait(place(5));
    EXPECT_EQ(ended_, Waited::reached);
    EXPECT_EQ(board_.waiting(), 0U);
}

TEST_F(Board, ends_a_wait_when_its_time_is_over) {
    wait(place(5), milliseconds(100));
    clock_.advance(milliseconds(99));
    board_.expire();
    EXPECT_EQ(ended_, std::nullopt);
    clock_.advance(milliseconds(1));
    board_.expire();
    EXPECT_EQ(ended_, Waited::too_late);
}

TEST_F(Board, calls_an_entry_beyond_the_log_only_by_an_end_asked_for_after_the_request) {
    applied(4, 10);
    head(10);
    clock_.advance(milliseconds(1));
    wait(place(5));
    EXPECT_EQ(ended_, std::nullopt) << "the end is older than the request";
    clock_.advance(milliseconds(1));
    head(12);
    EXPECT_EQ(ended_, std::nullopt) << "two records have not been read yet";
    applied(4, 12);  // they were ignored ones
    EXPECT_EQ(ended_, Waited::beyond_log);
}

TEST_F(Board, waits_for_every_source_of_the_domain) {
    states_["other"] = {"orders", 2, {{Partition(0), {Sequence(3), Offset(9)}}}};
    applied(9, 10);
    std::optional<Waited> how;
    EXPECT_TRUE(board_.wait({orders, {"orders", "other"}}, {place(5)}, clock_.steady() + seconds(5),
                            [&](Waited w) { how = w; }));
    EXPECT_EQ(how, std::nullopt);
    states_["other"].partitions[Partition(0)] = {Sequence(5), Offset(12)};
    board_.set_checkpoints(states_);
    EXPECT_EQ(how, Waited::reached);
}

TEST_F(Board, lets_no_more_wait_than_its_bound) {
    wait(place(5));
    wait(place(5));
    EXPECT_FALSE(board_.wait({orders}, {place(5)}, clock_.steady() + seconds(5), {}));
}

TEST_F(Board, ends_all_waits_when_it_is_closed_and_later_ones_at_once) {
    wait(place(5));
    board_.close();
    EXPECT_EQ(ended_, Waited::closed);
    wait(place(5));
    EXPECT_EQ(ended_, Waited::closed);
    std::uint64_t tick = 0;
    EXPECT_FALSE(board_.rest(seconds(0), tick));
}

TEST_F(Board, knows_no_lag_before_the_end_was_seen) { EXPECT_EQ(lag(10), std::nullopt); }

TEST_F(Board, has_no_lag_at_the_end_and_lets_it_grow_when_nobody_sees_the_end_any_more) {
    head(10);
    EXPECT_EQ(lag(10), 0);
    clock_.advance(seconds(3));
    EXPECT_EQ(lag(10), 0);
    clock_.advance(seconds(57));
    EXPECT_EQ(lag(10), 60'000);
}

TEST_F(Board, counts_the_lag_from_the_first_end_that_is_not_reached) {
    applied(4, 10);
    head(12);
    EXPECT_EQ(lag(10), 1) << "behind is never 0";
    clock_.advance(seconds(2));
    head(14);
    EXPECT_EQ(lag(10), 2'000);
    applied(6, 13);  // past the first end: a busy log that is being followed
    EXPECT_EQ(lag(13), 1);
}

TEST_F(Board, takes_the_brokers_time_of_the_oldest_record_when_it_is_known) {
    applied(4, 10);
    head(12);
    board_.set_oldest("orders", Partition(0), Offset(10), clock_.wall_ms() - 90'000);
    EXPECT_EQ(lag(10), 90'000);
    EXPECT_EQ(lag(11), 1) << "an answer that has applied it is not as old";
    EXPECT_EQ(lag(12), 0);
}

TEST_F(Board, names_partitions_that_stay_behind_until_they_are_looked_up) {
    applied(4, 10);
    head(12);
    EXPECT_TRUE(board_.overdue(seconds(1)).empty());
    clock_.advance(seconds(1));
    head(13);
    auto overdue = board_.overdue(seconds(1));
    ASSERT_EQ(overdue.size(), 1U);
    EXPECT_EQ(overdue[0].seen, Offset(10));
    EXPECT_EQ(overdue[0].end, Offset(13));
    EXPECT_TRUE(overdue[0].needs_oldest && overdue[0].needs_last);
    board_.set_oldest("orders", Partition(0), Offset(10), 1);
    board_.set_last_sequence("orders", Partition(0), Offset(13), Sequence(9));
    EXPECT_TRUE(board_.overdue(seconds(1)).empty());
    EXPECT_EQ(board_.last_sequence("orders", Partition(0)), Sequence(9));
    head(14);
    EXPECT_EQ(board_.last_sequence("orders", Partition(0)), std::nullopt);
    EXPECT_EQ(board_.overdue(seconds(1)).size(), 1U);
}

TEST_F(Board, takes_the_partition_count_from_checkpoints_or_else_from_the_log) {
    EXPECT_EQ(board_.partition_count("orders"), std::nullopt);
    board_.set_head("orders", clock_.steady(), {{Partition(0), Offset(0)}});
    EXPECT_EQ(board_.partition_count("orders"), 1);
    applied(1, 1);
    EXPECT_EQ(board_.partition_count("orders"), 2);
}

}  // namespace
}  // namespace foldstream::query
