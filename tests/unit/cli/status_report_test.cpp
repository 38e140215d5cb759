#include "cli/status_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/text_table.hpp"

namespace foldstream::cli {

namespace {

using ::testing::HasSubstr;

FedGeneration fed() {
    FedGeneration generation{"orders", "orders", Generation(2), "active", {}};
    Checkpoint checkpoint;
    checkpoint.partition = Partition(0);
    checkpoint.place.position = {Offset(9), Epoch(3), Sequence(40), RecordId(77)};
    checkpoint.seen_offset = Offset(10);
    checkpoint.owner = "projector-1";
    generation.checkpoints.push_back(checkpoint);
    return generation;
}

const Heads two_heads{{Partition(0), Offset(15)}, {Partition(1), Offset(4)}};

}  // namespace

TEST(StatusReport, lag_is_what_the_broker_has_and_nobody_read) {
    const ProjectionStatus status = status_of(fed(), two_heads);
    ASSERT_EQ(status.partitions.size(), 2U);
    EXPECT_EQ(status.partitions[0].lag_records, 5);
    EXPECT_EQ(status.partitions[0].sequence, Sequence(40));
    EXPECT_EQ(status.partitions[0].epoch, Epoch(3));
    EXPECT_FALSE(status.partitions[0].lag_seconds.has_value()) << "to be asked of the broker";
}

TEST(StatusReport, a_partition_without_a_checkpoint_is_behind_by_all_of_it) {
    const ProjectionStatus status = status_of(fed(), two_heads);
    EXPECT_FALSE(status.partitions[1].started);
    EXPECT_EQ(status.partitions[1].lag_records, 4);
    EXPECT_THAT(status_text({status}, {}), HasSubstr("not started"));
}

TEST(StatusReport, what_is_caught_up_has_no_lag_in_seconds_either) {
    const ProjectionStatus status = status_of(fed(), {{Partition(0), Offset(10)}});
    EXPECT_EQ(status.partitions[0].lag_seconds, 0.0);
    EXPECT_THAT(status_text({status}, {}), HasSubstr("caught up"));
}

TEST(StatusReport, a_log_that_ends_before_what_was_applied_is_no_lag_but_an_alarm) {
    const ProjectionStatus status = status_of(fed(), {{Partition(0), Offset(3)}});
    EXPECT_EQ(status.partitions[0].lag_records, 0);
    EXPECT_THAT(status_text({status}, {}), HasSubstr("STOPPED: the log ends before"));
}

TEST(StatusReport, a_partition_that_stands_still_says_why) {
    FedGeneration generation = fed();
    generation.checkpoints[0].stopped = "an event that cannot be decoded";
    const ProjectionStatus status = status_of(generation, two_heads);
    EXPECT_THAT(status_text({status}, {}), HasSubstr("STOPPED: an event that cannot be decoded"));
    EXPECT_THAT(status_json({status}, {}),
                HasSubstr(R"("stopped":"an event that cannot be decoded")"));
}

TEST(StatusReport, json_has_numbers_and_nulls) {
    ProjectionStatus status = status_of(fed(), two_heads);
    status.partitions[0].lag_seconds = 1.25;
    const std::string json = status_json(
        {status}, {{"orders", Partition(0), Epoch(3), "host-1", Sequence(41), 2, std::nullopt}});
    EXPECT_THAT(json, HasSubstr(R"("projection":"orders","domain":"orders","generation":2)"));
    EXPECT_THAT(json, HasSubstr(R"("head":15,"seenOffset":10,"sequence":40,"epoch":3,)"
                                R"("lagRecords":5,"lagSeconds":1.2)"));
    EXPECT_THAT(json, HasSubstr(R"("lagSeconds":null)"));
    EXPECT_THAT(json, HasSubstr(R"("logs":[{"domain":"orders","partition":0,"epoch":3,)"
                                R"("owner":"host-1","sequence":41,"ignored":2,"stopped":null}])"));
}

TEST(StatusReport, shows_owners_only_when_they_were_looked_for) {
    const ProjectionStatus status = status_of(fed(), two_heads);
    EXPECT_THAT(status_text({status}, {}), ::testing::Not(HasSubstr("IGNORED")));
    EXPECT_THAT(status_text({status}, {{"orders", Partition(1), Epoch(0), "", Sequence(0), 0,
                                        std::string("missing offset")}}),
                HasSubstr("nobody yet  UNREADABLE: missing offset\n"));
}

TEST(TextTable, aligns_columns_by_characters_and_ends_lines_without_blanks) {
    EXPECT_EQ(text_table({{"A", "B", "C"}, {"äöü", "2", ""}, {"x", "33", "4"}}),
              "A    B   C\n"
              "äöü  2\n"
              "x    33  4\n");
    EXPECT_EQ(text_table({}), "");
}

}  // namespace foldstream::cli
