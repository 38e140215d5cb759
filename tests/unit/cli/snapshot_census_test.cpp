#include "cli/snapshot_census.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace foldstream::cli {

namespace {

v1::LogPlace place(std::uint64_t offset) {
    v1::LogPlace made;
    made.set_offset(offset);
    made.set_epoch(1);
    made.set_sequence(offset * 10);
    made.set_link(offset + 7);
    return made;
}

std::string snapshot(std::uint64_t sequence, std::uint64_t version, std::uint64_t written_at) {
    v1::Snapshot made;
    made.set_state_version(1);
    made.mutable_aggregate()->set_sequence(sequence);
    made.mutable_aggregate()->set_version(version);
    *made.mutable_written_at() = place(written_at);
    return made.SerializeAsString();
}

std::string counters(std::uint64_t sequence, std::uint64_t written_at) {
    v1::PartitionSnapshot made;
    made.set_sequence(sequence);
    *made.mutable_written_at() = place(written_at);
    return made.SerializeAsString();
}

std::string pointer(std::uint64_t marker, std::uint64_t covered) {
    v1::MarkerPointer made;
    *made.mutable_marker() = place(marker);
    *made.mutable_covered() = place(covered);
    return made.SerializeAsString();
}

std::string reset(const std::string& id) {
    v1::PartitionReset made;
    made.set_id(id);
    return made.SerializeAsString();
}

// Records in the order of their offsets, to whoever takes them.
template <typename Taker>
void give(Taker& taker, const std::vector<std::pair<std::string, std::string>>& records) {
    Offset offset(0);
    for (const auto& [key, value] : records) {
        taker.feed({offset, key, value});
        ++offset.value;
    }
}

}  // namespace

TEST(SnapshotCensus, counts_what_is_not_deleted) {
    SnapshotCensus census;
    give(census, {{"a@1", snapshot(5, 1, 1)},
                  {"b@1", snapshot(6, 1, 1)},
                  {"@partition@1", counters(6, 1)},
                  {"@marker", pointer(3, 1)},
                  {"a@2", snapshot(9, 2, 4)},
                  {"a@1", ""}});
    const auto counts = census.counts();
    EXPECT_EQ(counts.aggregates, 2U);
    EXPECT_EQ(counts.records, 3U);
    EXPECT_EQ(counts.superfluous, 0U);
    EXPECT_EQ(counts.bytes, 3U + snapshot(6, 1, 1).size() + 3U + snapshot(9, 2, 4).size() + 12U +
                                counters(6, 1).size());
    EXPECT_EQ(census.live().size(), 4U);
    ASSERT_TRUE(census.marker());
    EXPECT_EQ(census.marker()->covered().sequence(), 10U);
    EXPECT_EQ(census.unreadable(), 0U);
}

TEST(SnapshotCensus, an_aggregate_under_two_cuts_is_one_and_one_is_superfluous) {
    SnapshotCensus census;
    give(census, {{"a@1", snapshot(5, 1, 1)}, {"a@2", snapshot(9, 2, 4)}});
    EXPECT_EQ(census.counts().aggregates, 1U);
    EXPECT_EQ(census.counts().records, 2U);
    EXPECT_EQ(census.counts().superfluous, 1U);
}

TEST(SnapshotCensus, relies_on_the_furthest_record_that_anything_was_folded_from) {
    SnapshotCensus census;
    EXPECT_EQ(census.relies_on().offset, Offset(-1));
    give(census, {{"a@1", snapshot(5, 1, 8)}, {"b@1", snapshot(6, 1, 3)}});
    EXPECT_EQ(census.relies_on().offset, Offset(8));
    give(census, {{"@marker", pointer(11, 8)}, {"@partition@1", counters(6, 9)}});
    EXPECT_EQ(census.relies_on().offset, Offset(11));
    EXPECT_EQ(census.relies_on().link, RecordId(18));
}

TEST(SnapshotCensus, what_stands_before_a_reset_is_relied_on_no_longer) {
    SnapshotCensus census;
    give(census, {{"a@1", snapshot(5, 1, 8)}, {"a@1", ""}, {"@reset", reset("r")}});
    EXPECT_EQ(census.relies_on().offset, Offset(-1));
    EXPECT_EQ(census.reset_id(), "r");
    EXPECT_EQ(census.counts().records, 0U);
    give(census, {{"a@2", snapshot(5, 1, 2)}});
    EXPECT_EQ(census.relies_on().offset, Offset(2));
}

TEST(SnapshotCensus, a_marker_that_is_deleted_is_none) {
    SnapshotCensus census;
    give(census, {{"@marker", pointer(3, 1)}, {"@marker", ""}});
    EXPECT_FALSE(census.marker());
}

TEST(SnapshotCensus, counts_what_it_cannot_read_and_goes_on) {
    SnapshotCensus census;
    give(census, {{"a@1", "\xff\xff"},
                  {"@marker", "\xff\xff"},
                  {"@reset", "\xff\xff"},
                  {"of a newer binary", "anything"},
                  {"b@1", snapshot(1, 1, 1)}});
    EXPECT_EQ(census.unreadable(), 3U);
    EXPECT_FALSE(census.marker());
    EXPECT_EQ(census.counts().aggregates, 2U);
}

TEST(SnapshotSearch, takes_the_greatest_sequence_over_all_cuts) {
    SnapshotSearch search("a");
    give(search, {{"a@2", snapshot(9, 4, 1)},
                  {"a@3", snapshot(7, 3, 1)},
                  {"aa@9", snapshot(99, 9, 1)},
                  {"@partition@9", counters(99, 1)}});
    const auto newest = search.newest();
    ASSERT_TRUE(newest);
    EXPECT_EQ(newest->cut, Offset(2));
    EXPECT_EQ(newest->offset, Offset(0));
    EXPECT_EQ(newest->snapshot.aggregate().version(), 4U);
    EXPECT_EQ(newest->bytes, 3U + snapshot(9, 4, 1).size());
}

TEST(SnapshotSearch, finds_nothing_where_all_is_deleted_or_unreadable) {
    SnapshotSearch search("a");
    EXPECT_FALSE(search.newest());
    give(search, {{"a@1", snapshot(9, 4, 1)}, {"a@1", ""}, {"a@2", "\xff\xff"}});
    EXPECT_FALSE(search.newest());
}

}  // namespace foldstream::cli
