#include "cli/partition_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foldstream::cli {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AdoptionView view(AdoptionView::Record record = AdoptionView::Record::same) {
    AdoptionView made;
    made.domain = "orders";
    made.partition = Partition(3);
    made.epoch = Epoch(7);
    made.sequence = Sequence(120);
    made.next_offset = 100;
    v1::CommandInput input;
    input.set_offset(99);
    input.set_append_time_ms(1'700'000'000'000);
    made.last = LastCommand{Sequence(119), input};
    made.record = record;
    made.begin = Offset(40);
    made.end = Offset(110);
    return made;
}

ResetView reset_view() {
    ResetView made;
    made.domain = "orders";
    made.partition = Partition(3);
    made.log = {Offset(9), Epoch(2), Sequence(20), RecordId(5)};
    made.log_end = Offset(11);
    made.relies_on = {Offset(30), Epoch(4), Sequence(99), RecordId(6)};
    made.has_it = false;
    made.keys = 12;
    return made;
}

}  // namespace

TEST(PartitionReport, takes_an_offset_that_the_topic_has) {
    EXPECT_EQ(adopted_offset("begin", view()), Offset(40));
    EXPECT_EQ(adopted_offset("end", view()), Offset(110));
    EXPECT_EQ(adopted_offset("40", view()), Offset(40));
    EXPECT_EQ(adopted_offset("77", view()), Offset(77));
    EXPECT_EQ(adopted_offset("110", view()), Offset(110));
    for (const char* wrong : {"39", "111", "-1", "", "start", "4x", "0x40", " 40", "1e2"}) {
        EXPECT_FALSE(adopted_offset(wrong, view())) << wrong;
    }
}

TEST(PartitionReport, knows_what_an_owner_would_stop_at) {
    using enum AdoptionView::Record;
    EXPECT_TRUE(view(same).fits());
    EXPECT_TRUE(view(unknown).fits());
    EXPECT_FALSE(view(another).fits());
    EXPECT_FALSE(view(beyond).fits());
    AdoptionView passed = view(deleted);
    EXPECT_TRUE(passed.fits());  // the last one is gone, the next one is there
    passed.begin = Offset(101);
    EXPECT_FALSE(passed.fits());
    passed.begin = Offset(0);
    passed.end = Offset(99);
    EXPECT_FALSE(passed.fits());
}

TEST(PartitionReport, shows_what_log_and_topic_say) {
    const std::string text = adoption_view_text(view(AdoptionView::Record::another));
    EXPECT_THAT(text, HasSubstr("orders.events partition 3: epoch 7, sequence 120; commands go on "
                                "at offset 100."));
    EXPECT_THAT(text, HasSubstr("sequence 119, offset 99, appended 2023-11-14T22:13:20.000Z"));
    EXPECT_THAT(text, HasSubstr("another record there: it was recreated"));
    EXPECT_THAT(text, HasSubstr("orders.commands partition 3 has offsets from 40 to 110"));
    AdoptionView blind = view(AdoptionView::Record::unknown);
    blind.last.reset();
    EXPECT_THAT(adoption_view_text(blind), HasSubstr("last command is not known"));
}

TEST(PartitionReport, warns_before_an_adoption_that_nothing_asks_for) {
    const std::string again = adoption_question(view(), Offset(90));
    EXPECT_THAT(again, HasSubstr("needs no adoption"));
    EXPECT_THAT(again, HasSubstr("Commands from 90 to 99 would be decided AGAIN"));
    const std::string skipped = adoption_question(view(), Offset(105));
    EXPECT_THAT(skipped, HasSubstr("Commands from 100 to 104 would never be decided"));
    const std::string needed = adoption_question(view(AdoptionView::Record::another), Offset(40));
    EXPECT_THAT(needed, Not(HasSubstr("AGAIN")));
    EXPECT_THAT(needed, HasSubstr("go on at offset 40? 0 records before it are never read, 70"));
}

TEST(PartitionReport, says_what_was_adopted) {
    const Adopted adopted{Offset(55), Epoch(8), Offset(40), "ann"};
    EXPECT_THAT(adopted_text(view(), adopted), HasSubstr("opens epoch 8"));
    EXPECT_THAT(adopted_text(view(), adopted), HasSubstr("30 s, doubling to 10 minutes"));
    EXPECT_EQ(adopted_json(view(), adopted),
              R"({"domain":"orders","partition":3,"nextOffset":40,"epoch":8,"claimOffset":55,)"
              R"("who":"ann","nextOffsetBefore":100,"lastCommand":"same","topicBegin":40,)"
              R"("topicEnd":110})");
}

TEST(PartitionReport, shows_what_the_snapshots_rely_on) {
    EXPECT_EQ(reset_view_text(reset_view()),
              "The log orders.events partition 3 ends at offset 11; its last valid record: offset "
              "9, epoch 2, sequence 20.\nThe snapshots rely on a record at offset 30, epoch 4, "
              "sequence 99: the log does not have it.\n");
    ResetView empty = reset_view();
    empty.log = {};
    empty.relies_on = {};
    EXPECT_THAT(reset_view_text(empty), HasSubstr("its last valid record: none"));
    EXPECT_THAT(reset_view_text(empty), HasSubstr("rely on no record"));
}

TEST(PartitionReport, says_when_a_reset_may_not_be_needed) {
    EXPECT_THAT(reset_question(reset_view()), Not(HasSubstr("needed only")));
    EXPECT_THAT(reset_question(reset_view()), HasSubstr("12 keys of orders.snapshots"));
    ResetView fits = reset_view();
    fits.has_it = true;
    EXPECT_THAT(reset_question(fits), HasSubstr("needed only when an owner says"));
}

TEST(PartitionReport, says_what_a_reset_has_not_done) {
    const Reset reset{"8e7d", Offset(70), 12, "ann"};
    const std::string text = reset_text(reset_view(), reset);
    EXPECT_THAT(text, HasSubstr("12 keys are deleted"));
    EXPECT_THAT(text, HasSubstr("must be rebuilt"));
    EXPECT_THAT(text, HasSubstr("reviewed"));
    EXPECT_THAT(text, HasSubstr("partitions adopt"));
    EXPECT_EQ(reset_json(reset_view(), reset),
              R"({"domain":"orders","partition":3,"resetId":"8e7d","resetOffset":70,)"
              R"("deletedKeys":12,"who":"ann","log":{"offset":9,"epoch":2,"sequence":20},)"
              R"("logEnd":11,"snapshotsRelyOn":{"offset":30,"epoch":4,"sequence":99},)"
              R"("logHasIt":false})");
}

}  // namespace foldstream::cli
