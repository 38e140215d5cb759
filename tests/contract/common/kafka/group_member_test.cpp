#include "common/kafka/group_member.hpp"

#include <gtest/gtest.h>

#include "tests/contract/common/kafka/broker.hpp"

namespace foldstream::kafka {

using GroupContract = BrokerTest;

TEST_F(GroupContract, members_share_the_partitions_and_the_rest_inherit) {
    const std::string name = topic(4);
    const std::string group = random_name("group");
    GroupOptions options;
    const auto first = std::make_unique<GroupMember>(settings_, group, name, options, wakeup_);
    ASSERT_TRUE(eventually([&] {
        first->poll();
        return first->assigned().size() == 4;
    }));
    auto second = std::make_unique<GroupMember>(settings_, group, name, options, wakeup_);
    ASSERT_TRUE(eventually([&] {
        first->poll();
        second->poll();
        return first->assigned().size() == 2 && second->assigned().size() == 2;
    }));
    std::set<Partition> together = first->assigned();
    together.insert(second->assigned().begin(), second->assigned().end());
    EXPECT_EQ(together.size(), 4U);
    const auto begin = std::chrono::steady_clock::now();
    second.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
    // Well before the session would have timed out: it has left.
    EXPECT_TRUE(eventually(
        [&] {
            first->poll();
            return first->assigned().size() == 4;
        },
        std::chrono::seconds(8)));
}

TEST_F(GroupContract, commits_without_disturbing_the_assignment) {
    const std::string name = topic(2);
    GroupMember member(settings_, random_name("group"), name, GroupOptions{}, wakeup_);
    ASSERT_TRUE(eventually([&] {
        member.poll();
        return member.assigned().size() == 2;
    }));
    member.commit({{Partition(0), Offset(0)}, {Partition(1), Offset(0)}});
    EXPECT_FALSE(member.poll());
    EXPECT_EQ(member.assigned().size(), 2U);
}

}  // namespace foldstream::kafka
