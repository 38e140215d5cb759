#include "common/kafka/group_member.hpp"

#include <gtest/gtest.h>

#include "tests/unit/common/kafka/mock_cluster.hpp"

namespace foldstream::kafka {

namespace {

class GroupOnMock : public ::testing::Test {
protected:
    void SetUp() override { cluster_.topic("t", 4); }

    std::unique_ptr<GroupMember> join(Wakeup& wakeup) {
        GroupOptions options;
        options.session_timeout =
            std::chrono::milliseconds(6'000);  // the mock holds a first join 3 s
        options.heartbeat_interval = std::chrono::milliseconds(200);
        options.max_poll_interval = std::chrono::milliseconds(10'000);
        return std::make_unique<GroupMember>(cluster_.settings(), "g", "t", options, wakeup);
    }

    MockCluster cluster_;
    Wakeup wakeup_;
};

const std::set<Partition> all{Partition(0), Partition(1), Partition(2), Partition(3)};

}  // namespace

TEST_F(GroupOnMock, a_lone_member_gets_every_partition_and_says_so_once) {
    const auto member = join(wakeup_);
    int changes = 0;
    EXPECT_TRUE(eventually(wakeup_, [&] {
        changes += member->poll() ? 1 : 0;
        return member->assigned() == all;
    }));
    EXPECT_EQ(changes, 1);
    EXPECT_FALSE(member->poll());
}

TEST_F(GroupOnMock, a_second_member_takes_half_and_gives_it_back_when_it_leaves) {
    const auto first = join(wakeup_);
    ASSERT_TRUE(eventually(wakeup_, [&] {
        first->poll();
        return first->assigned() == all;
    }));
    auto second = join(wakeup_);
    EXPECT_TRUE(eventually(wakeup_, [&] {
        first->poll();
        second->poll();
        return first->assigned().size() == 2 && second->assigned().size() == 2;
    }));
    std::set<Partition> together = first->assigned();
    together.insert(second->assigned().begin(), second->assigned().end());
    EXPECT_EQ(together, all);
    second.reset();
    EXPECT_TRUE(eventually(wakeup_, [&] {
        first->poll();
        return first->assigned() == all;
    }));
}

TEST_F(GroupOnMock, a_lost_session_takes_the_assignment_away) {
    const auto member = join(wakeup_);
    ASSERT_TRUE(eventually(wakeup_, [&] {
        member->poll();
        return member->assigned() == all;
    }));
    cluster_.down();
    EXPECT_TRUE(eventually(wakeup_, [&] {
        member->poll();
        return member->assigned().empty();
    }));
    cluster_.up();
    EXPECT_TRUE(eventually(wakeup_, [&] {
        member->poll();
        return member->assigned() == all;
    }));
}

TEST_F(GroupOnMock, leaving_does_not_wait_for_a_broker_that_is_gone) {
    auto member = join(wakeup_);
    ASSERT_TRUE(eventually(wakeup_, [&] {
        member->poll();
        return member->assigned() == all;
    }));
    cluster_.down();
    const auto begin = std::chrono::steady_clock::now();
    member.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(6));
}

TEST_F(GroupOnMock, leaving_before_anything_was_assigned_is_fine) {
    auto member = join(wakeup_);
    member->poll();
    const auto begin = std::chrono::steady_clock::now();
    member.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(6));
}

TEST_F(GroupOnMock, committing_offsets_disturbs_nothing) {
    const auto member = join(wakeup_);
    ASSERT_TRUE(eventually(wakeup_, [&] {
        member->poll();
        return member->assigned() == all;
    }));
    member->commit({});
    member->commit(
        {{Partition(0), Offset(5)}, {Partition(3), Offset(0)}, {Partition(9), Offset(1)}});
    EXPECT_FALSE(member->poll());
    EXPECT_EQ(member->assigned(), all);
}

}  // namespace foldstream::kafka
