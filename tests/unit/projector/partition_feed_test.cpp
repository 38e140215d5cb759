#include "projector/partition_feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domains/registry.hpp"
#include "tests/unit/projector/log_maker.hpp"

namespace foldstream::projector {
namespace {

using namespace std::chrono_literals;
using foldstream::testing::created;
using foldstream::testing::LogMaker;
using ::testing::HasSubstr;

class Feed : public ::testing::Test {
protected:
    Feed() { log_.claim(); }

    // Reads everything that the log has, as far as the feed wants it.
    void read() {
        while (feed_.hungry() && next_ < log_.end()) {
            feed_.record(log_.at(next_));
            ++next_.value;
        }
        if (next_ == log_.end()) feed_.drained();
    }
    template <typename Work>
    std::optional<Work> job() {
        auto work = feed_.next_job();
        if (!work) return std::nullopt;
        EXPECT_TRUE(std::holds_alternative<Work>(*work)) << work->index();
        return std::move(std::get<Work>(*work));
    }
    // The checkpoint as the database has it.
    void acquire(const Ownership& ownership = {7, {}}) {
        ASSERT_TRUE(job<AcquireJob>());
        finish(JobEnd::done, nullptr, ownership);
        const auto start = feed_.take_start();
        ASSERT_TRUE(start);
        next_ = *start;
    }
    void finish(JobEnd end, std::unique_ptr<Batch> batch = nullptr,
                std::optional<Ownership> acquired = std::nullopt) {
        JobResult result;
        result.end = end;
        result.reason = "because";
        result.batch = std::move(batch);
        result.acquired = std::move(acquired);
        feed_.finished(std::move(result));
    }
    // The next batch, applied; its events.
    std::size_t apply() {
        auto work = job<ApplyJob>();
        if (!work) return 0;
        const std::size_t events = work->batch->events();
        finish(JobEnd::done, std::move(work->batch));
        return events;
    }
    void order(const std::string& id) { log_.entries({log_.accepted(id, 0, created("c"))}); }

    LogMaker log_;
    Offset next_{0};
    const fold::DomainModule& domain_ = *domains::registry().find("orders");
    FeedOptions options_{"me", 6, 3, 20ms};
    ManualClock clock_;
    SeededRandom random_{1};
    runtime::Metrics metrics_;
    ProjectionProbe probe_{metrics_, "orders"};
    PartitionFeed feed_{domain_, Partition(2), options_, clock_, random_, probe_};
};

TEST_F(Feed, asks_for_the_checkpoint_before_it_reads_anything) {
    EXPECT_FALSE(feed_.hungry());
    const auto work = job<AcquireJob>();
    ASSERT_TRUE(work);
    EXPECT_EQ(work->owner, "me");
    EXPECT_EQ(work->partition_count, 6);
    EXPECT_FALSE(feed_.next_job()) << "one job at a time";
    finish(JobEnd::done, nullptr, Ownership{1, {}});
    EXPECT_EQ(feed_.take_start(), Offset(0));
    EXPECT_EQ(feed_.take_start(), std::nullopt) << "once";
    EXPECT_TRUE(feed_.hungry());
}

TEST_F(Feed, hands_over_at_once_when_nothing_more_is_there) {
    acquire();
    order("a");
    read();
    const auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    EXPECT_EQ(work->owner_epoch, 7);
    EXPECT_EQ(work->expected, Offset(-1));
    EXPECT_EQ(work->batch->events(), 1U);
    EXPECT_EQ(work->batch->reached().position.offset, Offset(1));
    EXPECT_EQ(work->batch->reached().seen, Offset(2));
    EXPECT_EQ(work->batch->reached().log_id, "0123456789abcdef");
}

TEST_F(Feed, waits_for_more_that_is_on_its_way_but_not_longer_than_it_may) {
    acquire();
    order("a");
    read();
    feed_.log_end(Offset(100));
    EXPECT_FALSE(feed_.next_job());
    EXPECT_EQ(feed_.due(), clock_.steady() + 20ms);
    clock_.advance(20ms);
    EXPECT_EQ(apply(), 1U);
}

TEST_F(Feed, fills_one_batch_while_another_is_under_way_and_then_reads_no_further) {
    acquire();
    order("a");
    read();
    auto under_way = job<ApplyJob>();
    ASSERT_TRUE(under_way);
    for (const char* id : {"b", "c", "d", "e", "f"}) order(id);
    read();
    EXPECT_FALSE(feed_.hungry());
    EXPECT_EQ(next_, Offset(5)) << "three events are a batch here";
    EXPECT_FALSE(feed_.next_job()) << "one batch under way a partition";
    finish(JobEnd::done, std::move(under_way->batch));
    auto second = job<ApplyJob>();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->expected, Offset(1)) << "where the first one ended";
    EXPECT_EQ(second->batch->events(), 3U);
}

TEST_F(Feed, ends_a_batch_of_few_but_large_events) {
    options_.batch_bytes = 2 * created("c").ByteSizeLong();
    acquire();
    for (const char* id : {"a", "b", "c"}) order(id);
    feed_.log_end(Offset(100));
    read();
    EXPECT_FALSE(feed_.hungry());
    EXPECT_EQ(apply(), 2U) << "at once, however few they are";
    read();
    clock_.advance(20ms);
    EXPECT_EQ(apply(), 1U);
}

TEST_F(Feed, ends_a_batch_only_where_a_record_ends) {
    acquire();
    std::vector<v1::Entry> many;
    for (const char* id : {"a", "b", "c", "d", "e"})
        many.push_back(log_.accepted(id, 0, created("c")));
    log_.entries(many);
    order("f");
    read();
    EXPECT_EQ(apply(), 5U);
}

TEST_F(Feed, moves_the_checkpoint_over_what_has_no_events_once_a_second_at_most) {
    acquire();
    log_.entries({log_.refusal()});
    read();
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work) << "the first one at once";
    EXPECT_EQ(work->batch->reached().position.sequence, Sequence(1));
    finish(JobEnd::done, std::move(work->batch));
    log_.append("junk");
    log_.entries({log_.refusal(), log_.refusal()});
    read();
    EXPECT_FALSE(feed_.next_job());
    clock_.advance(999ms);
    EXPECT_FALSE(feed_.next_job());
    log_.append("more junk");
    read();
    clock_.advance(1ms);
    work = job<ApplyJob>();
    ASSERT_TRUE(work);
    EXPECT_EQ(work->batch->reached().position.sequence, Sequence(3));
    EXPECT_EQ(work->batch->reached().seen, Offset(5)) << "what is ignored has been seen";
    EXPECT_EQ(work->batch->reached().position.offset, Offset(3)) << "but is no position";
}

TEST_F(Feed, lets_events_carry_what_has_none) {
    acquire();
    log_.entries({log_.refusal()});
    read();
    apply();
    log_.entries({log_.refusal()});
    order("a");
    read();
    EXPECT_EQ(apply(), 1U);
}

TEST_F(Feed, goes_on_behind_the_checkpoint_after_comparing_its_record) {
    order("a");
    order("b");
    replay::LogReader reader;
    (void)reader.feed(log_.at(Offset(0)));
    (void)reader.feed(log_.at(Offset(1)));
    acquire({7, {reader.position(), reader.seen_offset(), reader.next_offset(), "x"}});
    EXPECT_EQ(next_, Offset(1)) << "the position's own record is read again";
    read();
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    EXPECT_EQ(work->batch->events(), 1U);
    EXPECT_EQ(work->expected, Offset(1));
    EXPECT_EQ(work->batch->sorted()[0].key, "b");
}

TEST_F(Feed, stops_at_a_log_that_is_not_the_checkpoints) {
    order("a");
    replay::Position other{Offset(1), Epoch(1), Sequence(1), RecordId(12345)};
    acquire({7, {other, Offset(2), 1, ""}});
    read();
    const auto work = job<NoteStopJob>();
    ASSERT_TRUE(work);
    EXPECT_THAT(work->reason, HasSubstr("recreated"));
    finish(JobEnd::done);
    EXPECT_EQ(feed_.status().state, FeedState::stopped);
    EXPECT_TRUE(feed_.take_stop());
}

TEST_F(Feed, stops_at_a_recreated_log_whose_checkpoint_had_applied_nothing) {
    order("a");
    acquire({7, {{}, Offset(0), 0, "another log's"}});
    read();
    const auto work = job<NoteStopJob>();
    ASSERT_TRUE(work);
    EXPECT_THAT(work->reason, HasSubstr("another log"));
}

TEST_F(Feed, applies_what_was_before_an_unknown_event_and_then_stops) {
    acquire();
    order("a");
    const v1::Entry known = log_.accepted("x", 0, created("c"));
    v1::Entry strange = log_.accepted("b", 0, created("c"));
    strange.mutable_events(0)->set_type("foldstream.orders.v9.OrderTeleported");
    log_.entries({known, strange});
    order("never");
    read();
    EXPECT_FALSE(feed_.hungry());
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    EXPECT_EQ(work->batch->events(), 1U) << "nothing of the record that cannot be folded";
    EXPECT_EQ(work->batch->reached().position.offset, Offset(1));
    finish(JobEnd::done, std::move(work->batch));
    const auto note = job<NoteStopJob>();
    ASSERT_TRUE(note);
    EXPECT_THAT(note->reason, HasSubstr("OrderTeleported"));
    EXPECT_THAT(note->reason, HasSubstr("orders:2:3:0"));
    finish(JobEnd::done);
    EXPECT_FALSE(feed_.next_job());
    clock_.advance(60s);
    EXPECT_TRUE(job<AcquireJob>()) << "somebody may have put it right";
}

TEST_F(Feed, stops_at_a_payload_that_does_not_decode) {
    acquire();
    v1::Entry broken = log_.accepted("a", 0, created("c"));
    broken.mutable_events(0)->set_payload("\xff\xff\xff");
    log_.entries({broken});
    read();
    EXPECT_EQ(apply(), 0U) << "the claim";
    const auto note = job<NoteStopJob>();
    ASSERT_TRUE(note);
    EXPECT_THAT(note->reason, HasSubstr("OrderCreated"));
}

TEST_F(Feed, tries_the_same_batch_again_after_a_growing_pause) {
    acquire();
    order("a");
    read();
    auto pause = 0ms;
    for (int i = 0; i < 12; ++i) {
        auto work = job<ApplyJob>();
        ASSERT_TRUE(work) << i;
        EXPECT_EQ(work->batch->events(), 1U);
        finish(JobEnd::retry, std::move(work->batch));
        EXPECT_FALSE(feed_.next_job());
        EXPECT_EQ(feed_.status().problem, "because");
        pause = std::chrono::ceil<std::chrono::milliseconds>(feed_.due() - clock_.steady());
        clock_.advance(pause);
    }
    EXPECT_GE(pause, 5s);
    EXPECT_LE(pause, 10s);
    EXPECT_EQ(apply(), 1U);
    EXPECT_EQ(feed_.status().problem, "");
}

TEST_F(Feed, believes_only_the_checkpoint_when_it_does_not_know_what_landed) {
    acquire();
    order("a");
    read();
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    order("b");
    read();
    const Reached landed = work->batch->reached();
    finish(JobEnd::lost, std::move(work->batch));
    EXPECT_FALSE(feed_.hungry());
    EXPECT_TRUE(feed_.take_stop());
    EXPECT_FALSE(feed_.next_job());
    clock_.advance(100ms);
    acquire({8, landed});
    EXPECT_EQ(next_, Offset(1));
    read();
    work = job<ApplyJob>();
    ASSERT_TRUE(work);
    EXPECT_EQ(work->owner_epoch, 8);
    EXPECT_EQ(work->expected, Offset(1));
    EXPECT_EQ(work->batch->sorted()[0].key, "b");
}

TEST_F(Feed, acquires_again_when_it_is_fenced_but_still_assigned) {
    acquire();
    order("a");
    read();
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    finish(JobEnd::fenced, std::move(work->batch));
    EXPECT_FALSE(feed_.next_job());
    EXPECT_GE(feed_.due() - clock_.steady(), 500ms) << "the other one may be the rightful owner";
    clock_.advance(1s);
    acquire({9, {}});
    read();
    EXPECT_EQ(apply(), 1U);
}

TEST_F(Feed, stops_when_a_batch_can_never_be_applied) {
    acquire();
    order("a");
    read();
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    order("b");
    read();
    finish(JobEnd::refused, std::move(work->batch));
    const auto note = job<NoteStopJob>();
    ASSERT_TRUE(note);
    EXPECT_EQ(note->reason, "because");
    finish(JobEnd::lost);
    EXPECT_EQ(feed_.status().state, FeedState::stopped);
}

TEST_F(Feed, is_gone_only_after_its_job_has_come_back) {
    acquire();
    order("a");
    read();
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    feed_.release();
    EXPECT_TRUE(feed_.take_stop());
    EXPECT_FALSE(feed_.gone());
    finish(JobEnd::done, std::move(work->batch));
    EXPECT_TRUE(feed_.gone());
    EXPECT_FALSE(feed_.next_job());
}

TEST_F(Feed, assigned_again_at_once_takes_nothing_from_the_time_before) {
    acquire();
    order("a");
    read();
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    feed_.release();
    feed_.assign();
    EXPECT_FALSE(feed_.next_job()) << "the old job is still under way";
    finish(JobEnd::refused, std::move(work->batch));
    EXPECT_EQ(feed_.status().state, FeedState::waiting);
    acquire({11, {}});
    read();
    EXPECT_EQ(apply(), 1U);
}

TEST_F(Feed, refuses_a_partition_whose_checkpoint_says_another_count_and_notes_nothing) {
    ASSERT_TRUE(job<AcquireJob>());
    finish(JobEnd::refused);
    EXPECT_EQ(feed_.status().state, FeedState::stopped);
    EXPECT_FALSE(feed_.next_job()) << "the checkpoint is not ours to write";
}

TEST_F(Feed, knows_how_old_its_oldest_unapplied_record_is) {
    acquire();
    order("a");
    read();
    EXPECT_EQ(feed_.status().oldest_ms, LogMaker::first_time_ms) << "the claim";
    auto work = job<ApplyJob>();
    ASSERT_TRUE(work);
    EXPECT_EQ(feed_.status().oldest_ms, LogMaker::first_time_ms);
    EXPECT_EQ(feed_.status().read, Sequence(1));
    EXPECT_EQ(feed_.status().applied, Sequence(0));
    finish(JobEnd::done, std::move(work->batch));
    EXPECT_EQ(feed_.status().oldest_ms, 0);
    EXPECT_EQ(feed_.status().applied, Sequence(1));
}

}  // namespace
}  // namespace foldstream::projector
