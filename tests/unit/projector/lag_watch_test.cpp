#include "projector/lag_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kafka/error.hpp"

namespace foldstream::projector {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class FakeHead final : public LogHead {
public:
    Progress::Ends ends() override {
        if (down) throw kafka::Error("no broker", true);
        return {{Partition(0), Offset(end)}};
    }
    std::optional<Record> record_at(Partition, Offset offset) override {
        asked.push_back(offset.value);
        return Record{oldest_ms, Sequence(static_cast<std::uint64_t>(offset.value) * 10)};
    }
    bool down = false;
    std::int64_t end = 0;
    std::int64_t oldest_ms = 0;
    std::vector<std::int64_t> asked;
};

class Lag : public ::testing::Test {
protected:
    void feed(FeedState state, std::int64_t seen, std::uint64_t applied,
              const std::string& problem = "") {
        FeedStatus status;
        status.state = state;
        status.seen = Offset(seen);
        status.applied = Sequence(applied);
        status.read = Sequence(applied);
        status.problem = problem;
        progress_.publish({{Partition(0), status}}, true);
    }
    double gauge(const std::string& name) {
        const std::string text = metrics_.exposition();
        const auto at = text.find("\n" + name + "{");
        if (at == std::string::npos) return -1;
        return std::stod(text.substr(text.find("} ", at) + 2));
    }

    FakeHead head_;
    ManualClock clock_;
    runtime::Metrics metrics_;
    ProjectionProbe probe_{metrics_, "orders"};
    Progress progress_;
    LagFigures figures_{clock_, head_, progress_, probe_};
};

TEST_F(Lag, is_nothing_when_all_was_seen) {
    head_.end = 10;
    feed(FeedState::reading, 10, 70);
    figures_.look();
    EXPECT_EQ(gauge("foldstream_projection_lag_events"), 0);
    EXPECT_EQ(gauge("foldstream_projection_lag_seconds"), 0);
    EXPECT_EQ(progress_.why_not_alive(), "");
    EXPECT_EQ(progress_.why_not_ready(), "");
}

TEST_F(Lag, asks_the_log_itself_when_the_end_stays_ahead) {
    head_.end = 10;
    head_.oldest_ms = clock_.wall_ms();
    feed(FeedState::reading, 5, 40);
    figures_.look();
    EXPECT_TRUE(head_.asked.empty()) << "one second of patience";
    clock_.advance(2s);
    figures_.look();
    EXPECT_THAT(head_.asked, ::testing::ElementsAre(5, 9));
    EXPECT_EQ(gauge("foldstream_projection_lag_events"), 50);
    EXPECT_EQ(gauge("foldstream_projection_lag_seconds"), 2);
}

TEST_F(Lag, behind_and_not_moving_is_not_healthy) {
    head_.end = 10;
    feed(FeedState::waiting, 5, 40, "Postgres is away");
    figures_.look();
    clock_.advance(61s);
    figures_.look();
    EXPECT_THAT(progress_.why_not_alive(), HasSubstr("Postgres is away"));
    feed(FeedState::reading, 6, 50);
    figures_.look();
    EXPECT_EQ(progress_.why_not_alive(), "");
}

TEST_F(Lag, standing_still_with_nothing_to_do_is_healthy) {
    head_.end = 5;
    feed(FeedState::reading, 5, 40);
    figures_.look();
    clock_.advance(1h);
    figures_.look();
    head_.end = 6;
    figures_.look();
    EXPECT_EQ(progress_.why_not_alive(), "");
}

TEST_F(Lag, a_stopped_partition_is_not_ready_but_alive) {
    head_.end = 10;
    feed(FeedState::stopped, 5, 40, "an unknown event");
    figures_.look();
    clock_.advance(61s);
    figures_.look();
    EXPECT_EQ(progress_.why_not_alive(), "") << "a restart mends nothing";
    EXPECT_THAT(progress_.why_not_ready(), HasSubstr("an unknown event"));
    EXPECT_EQ(gauge("foldstream_projection_stopped_partitions"), 1);
}

TEST_F(Lag, forgets_a_partition_that_is_no_longer_ours) {
    head_.end = 10;
    feed(FeedState::reading, 5, 40);
    figures_.look();
    clock_.advance(2s);
    figures_.look();
    progress_.publish({}, true);
    figures_.look();
    EXPECT_EQ(gauge("foldstream_projection_lag_events"), 0);
    EXPECT_EQ(gauge("foldstream_projection_lag_seconds"), 0);
}

TEST_F(Lag, nobody_is_ready_who_does_not_know_where_the_log_ends) {
    feed(FeedState::reading, 5, 40);
    EXPECT_NE(progress_.why_not_ready(), "");
    figures_.look();
    EXPECT_EQ(progress_.why_not_ready(), "");
    progress_.ends_unknown("no broker");
    EXPECT_EQ(progress_.why_not_ready(), "no broker");
}

TEST(Progress, waits_before_it_serves_and_says_for_what) {
    Progress progress;
    progress.waits_for("the topic");
    EXPECT_EQ(progress.why_not_ready(), "the topic");
    EXPECT_EQ(progress.why_not_alive(), "");
    progress.publish({}, false);
    EXPECT_THAT(progress.why_not_ready(), HasSubstr("group"));
}

}  // namespace
}  // namespace foldstream::projector
