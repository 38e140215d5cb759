#include "cli/snapshot_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foldstream::cli {

namespace {

using ::testing::HasSubstr;

SnapshotCount counted() {
    SnapshotCount one;
    one.partition = Partition(2);
    one.counts = {3, 5, 700, 1};
    v1::MarkerPointer marker;
    marker.set_state_version(1);
    marker.mutable_marker()->set_offset(80);
    marker.mutable_marker()->set_epoch(4);
    marker.mutable_covered()->set_sequence(60);
    one.marker = marker;
    one.log_sequence = Sequence(75);
    return one;
}

SnapshotOrder order(SnapshotOrder::End end) {
    SnapshotOrder made;
    made.partition = Partition(1);
    made.end = end;
    made.command_id = "c-1";
    made.sequence = Sequence(12);
    made.covered = Sequence(11);
    made.waited_seconds = 30;
    return made;
}

}  // namespace

TEST(SnapshotReport, says_how_much_a_restore_has_to_fold) {
    EXPECT_EQ(counted().behind(), 15U);
    EXPECT_THAT(count_text({counted()}), HasSubstr("15"));
    EXPECT_EQ(count_json("orders", {counted()}),
              R"({"domain":"orders","partitions":[{"partition":2,"aggregates":3,"records":5,)"
              R"("bytes":700,"superfluous":1,"marker":{"sequence":60,"offset":80,"epoch":4,)"
              R"("stateVersion":1,"valid":true,"problem":null},"logSequence":75,)"
              R"("entriesBehind":15,"stopped":null}]})");
}

TEST(SnapshotReport, without_a_valid_marker_all_of_the_log_is_behind) {
    SnapshotCount one = counted();
    one.marker_problem = "its record is not in the log";
    EXPECT_EQ(one.behind(), 75U);
    EXPECT_THAT(count_text({one}), HasSubstr("NOT VALID: its record is not in the log"));
    EXPECT_THAT(count_json("orders", {one}),
                HasSubstr(R"("valid":false,"problem":"its record is not in the log")"));
    one.marker.reset();
    EXPECT_EQ(one.behind(), 75U);
    EXPECT_THAT(count_text({one}), HasSubstr("no marker"));
    EXPECT_THAT(count_json("orders", {one}), HasSubstr(R"("marker":null)"));
}

TEST(SnapshotReport, a_log_that_cannot_be_read_is_named) {
    SnapshotCount one = counted();
    one.log_sequence.reset();
    one.stopped = "offset 9: no";
    EXPECT_FALSE(one.behind());
    EXPECT_THAT(count_text({one}), HasSubstr("partition 2: the log cannot be read: offset 9: no"));
    EXPECT_THAT(count_json("orders", {one}),
                HasSubstr(R"("logSequence":null,"entriesBehind":null,"stopped":"offset 9: no")"));
}

TEST(SnapshotReport, shows_an_aggregates_snapshot) {
    SnapshotSearch::Found found;
    found.cut = Offset(40);
    found.offset = Offset(90);
    found.bytes = 512;
    found.snapshot.set_state_version(1);
    found.snapshot.mutable_aggregate()->set_sequence(44);
    found.snapshot.mutable_aggregate()->set_version(6);
    found.snapshot.add_slots();
    EXPECT_EQ(show_json("o-1", Partition(2), found),
              R"({"aggregateId":"o-1","partition":2,"cut":40,"sequence":44,"version":6,)"
              R"("stateVersion":1,"broken":false,"slots":1,"bytes":512,"offset":90})");
    EXPECT_THAT(show_text("o-1", Partition(2), found), HasSubstr("STATE VERSION"));
    EXPECT_THAT(show_text("o-1", Partition(2), found), HasSubstr("o-1"));
}

TEST(SnapshotReport, says_what_became_of_an_order) {
    using enum SnapshotOrder::End;
    EXPECT_EQ(order_text("orders", order(written)),
              "orders partition 1: snapshots are written; a valid marker covers everything up to "
              "sequence 11");
    EXPECT_THAT(order_text("orders", order(clean)), HasSubstr("nothing has changed"));
    SnapshotOrder empty = order(clean);
    empty.covered = Sequence(0);
    EXPECT_THAT(order_text("orders", empty), HasSubstr("nothing to write"));
    EXPECT_THAT(order_text("orders", order(deleted)), HasSubstr("sequence 12"));
    EXPECT_THAT(order_text("orders", order(no_marker)), HasSubstr("no marker came within 30 s"));
    EXPECT_THAT(order_text("orders", order(no_marker)), HasSubstr("--wait"));
    EXPECT_THAT(order_text("orders", order(unknown)), HasSubstr("command-service"));
    SnapshotOrder no = order(refused);
    no.code = "invalid";
    EXPECT_THAT(order_text("orders", no), HasSubstr("refused: invalid"));
    for (const auto end : {written, clean, deleted, sent}) EXPECT_TRUE(order(end).fine());
    for (const auto end : {no_marker, refused, unknown}) EXPECT_FALSE(order(end).fine());
}

TEST(SnapshotReport, orders_as_json) {
    SnapshotOrder nowhere = order(SnapshotOrder::End::unknown);
    nowhere.sequence.reset();
    EXPECT_EQ(orders_json("orders", {order(SnapshotOrder::End::written), nowhere}),
              R"({"domain":"orders","partitions":[{"partition":1,"status":"written",)"
              R"("commandId":"c-1","position":"orders:1:12","coveredSequence":11,"code":""},)"
              R"({"partition":1,"status":"unknown","commandId":"c-1","position":null,)"
              R"("coveredSequence":11,"code":""}]})");
}

}  // namespace foldstream::cli
