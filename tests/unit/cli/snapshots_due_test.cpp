#include "cli/snapshots_due.hpp"

#include <gtest/gtest.h>

namespace foldstream::cli {

namespace {

v1::Entry accepted() {
    v1::Entry entry;
    entry.mutable_command()->set_offset(1);
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    entry.set_command_id("c");
    entry.set_aggregate_id("a");
    entry.set_version(1);
    entry.add_events()->set_version(1);
    return entry;
}

v1::Entry refused() {
    v1::Entry entry;
    entry.mutable_command()->set_offset(1);
    entry.set_outcome(v1::OUTCOME_REFUSED);
    entry.set_code("invalid");
    return entry;
}

v1::Entry marker(std::uint64_t covered, std::int32_t state_version = 1) {
    v1::Entry entry;
    entry.mutable_marker()->mutable_covered()->set_sequence(covered);
    entry.mutable_marker()->set_state_version(state_version);
    return entry;
}

v1::Entry word(const google::protobuf::Descriptor* type) {
    v1::Entry entry;
    entry.mutable_command()->set_offset(1);
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    entry.set_command_type(type->full_name());
    return entry;
}

}  // namespace

TEST(SnapshotsDue, nothing_is_due_in_an_empty_log) {
    SnapshotsDue due(1, Sequence(0));
    due.feed(refused(), Sequence(1));
    due.feed(word(v1::CreateSnapshots::descriptor()), Sequence(2));
    due.feed(word(v1::DeleteSnapshots::descriptor()), Sequence(3));
    EXPECT_EQ(due.changed(), Sequence(0));
    EXPECT_TRUE(due.covers(due.changed()));
}

TEST(SnapshotsDue, a_change_is_due_until_a_marker_covers_it) {
    SnapshotsDue due(1, Sequence(0));
    due.feed(accepted(), Sequence(4));
    due.feed(refused(), Sequence(5));
    EXPECT_EQ(due.changed(), Sequence(4));
    EXPECT_FALSE(due.covers(due.changed()));
    due.feed(marker(3), Sequence(6));
    EXPECT_FALSE(due.covers(due.changed()));
    due.feed(marker(4), Sequence(7));
    EXPECT_TRUE(due.covers(due.changed()));
    EXPECT_EQ(due.covered(), Sequence(4));
}

TEST(SnapshotsDue, a_marker_of_another_state_version_vouches_for_nothing) {
    SnapshotsDue due(2, Sequence(0));
    due.feed(accepted(), Sequence(1));
    due.feed(marker(1, 1), Sequence(2));
    EXPECT_FALSE(due.covers(due.changed()));
}

TEST(SnapshotsDue, deleted_snapshots_are_due_again) {
    SnapshotsDue due(1, Sequence(9));
    EXPECT_TRUE(due.covers(due.changed()));
    due.feed(word(v1::DeleteSnapshots::descriptor()), Sequence(10));
    EXPECT_FALSE(due.covers(due.changed()));
    due.feed(marker(10), Sequence(11));
    EXPECT_TRUE(due.covers(due.changed()));
}

}  // namespace foldstream::cli
