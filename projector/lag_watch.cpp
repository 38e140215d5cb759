#include "projector/lag_watch.hpp"

#include <algorithm>
#include <utility>

#include "common/codec/frame.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/reader.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::projector {

namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 1s;
// Behind for so long, a partition's tail and oldest unapplied record are fetched alone.
constexpr auto patience = 1s;
// Behind and not moving for so long is not healthy.
constexpr auto stall_limit = 60s;
// Single records fetched in one look.
constexpr int max_questions = 8;
constexpr int answer_limit_ms = 2'000;

class KafkaLogHead final : public LogHead {
public:
    KafkaLogHead(const kafka::Settings& settings, std::string topic)
        : settings_(settings), topic_(std::move(topic)), admin_(settings) {}

    Progress::Ends ends() override { return admin_.end_offsets(topic_, answer_limit_ms); }

    std::optional<Record> record_at(Partition partition, Offset offset) override {
        const auto fetched =
            kafka::fetch_one(settings_, topic_, partition, offset, answer_limit_ms);
        if (!fetched) return std::nullopt;
        Record record;
        record.append_time_ms = fetched->append_time_ms();
        const auto frame = codec::parse_frame(fetched->value());
        if (frame && frame->kind == static_cast<std::uint8_t>(codec::FrameKind::entries) &&
            frame->count > 0) {
            record.last = Sequence(frame->sequence.value + frame->count - 1);
        }
        return record;
    }

private:
    kafka::Settings settings_;
    std::string topic_;
    kafka::Admin admin_;
};

double seconds_since(std::int64_t then_ms, std::int64_t now_ms) {
    return static_cast<double>(std::max<std::int64_t>(0, now_ms - then_ms)) / 1000.0;
}

}  // namespace

std::unique_ptr<LogHead> make_kafka_log_head(const kafka::Settings& settings, std::string topic) {
    return std::make_unique<KafkaLogHead>(settings, std::move(topic));
}

LagFigures::LagFigures(Clock& clock, LogHead& head, Progress& progress, ProjectionProbe& probe)
    : clock_(clock), head_(head), progress_(progress), probe_(probe) {}

void LagFigures::look() {
    const Progress::Ends ends = head_.ends();
    progress_.set_ends(ends);
    const Progress::Feeds feeds = progress_.feeds();
    const Time now = clock_.steady();
    for (auto known = known_.begin(); known != known_.end();) {
        const bool ours = feeds.contains(known->first);
        if (!ours) probe_.lag_events(known->first, 0);
        known = ours ? std::next(known) : known_.erase(known);
    }
    std::string stalled;
    double oldest = 0;
    std::size_t stopped = 0;
    int questions = max_questions;
    for (const auto& [partition, feed] : feeds) {
        if (feed.state == FeedState::stopped) ++stopped;
        const auto end = ends.find(partition);
        if (end == ends.end()) continue;
        Known& known = known_[partition];
        note_move(known, feed, now);
        const bool behind = end->second > feed.seen;
        if (!behind) {
            known.behind_since.reset();
            known.moved_at = now;
        } else if (!known.behind_since) {
            known.behind_since = now;
        }
        const Lag lag = lag_of(partition, feed, end->second, known, questions);
        probe_.lag_events(partition, lag.events);
        oldest = std::max(oldest, lag.seconds);
        // A stopped one has said why, and a restart would not mend it: not ready, but alive.
        if (behind && feed.state != FeedState::stopped && now - known.moved_at > stall_limit) {
            stalled = "partition " + std::to_string(partition.value) +
                      " is behind and has not moved for " +
                      std::to_string(
                          std::chrono::duration_cast<std::chrono::seconds>(now - known.moved_at)
                              .count()) +
                      " s" + (feed.problem.empty() ? "" : ": " + feed.problem);
        }
    }
    probe_.lag_seconds(oldest);
    probe_.stopped_partitions(stopped);
    progress_.set_stalled(stalled);
}

void LagFigures::note_move(Known& known, const FeedStatus& feed, Time now) {
    if (feed.seen == known.seen) return;
    known.seen = feed.seen;
    known.moved_at = now;
}

LagFigures::Lag LagFigures::lag_of(Partition partition, const FeedStatus& feed, Offset end,
                                   const Known& known, int& questions) {
    Lag lag;
    if (!known.behind_since) return lag;
    lag.events = static_cast<double>(feed.read.value - feed.applied.value);
    if (feed.oldest_ms > 0) lag.seconds = seconds_since(feed.oldest_ms, clock_.wall_ms());
    if (clock_.steady() - *known.behind_since < patience || questions < 2) return lag;
    questions -= 2;
    try {
        if (const auto oldest = head_.record_at(partition, feed.seen))
            lag.seconds = seconds_since(oldest->append_time_ms, clock_.wall_ms());
        const auto tail = head_.record_at(partition, Offset(end.value - 1));
        if (tail && tail->last > feed.applied) {
            lag.events =
                std::max(lag.events, static_cast<double>(tail->last.value - feed.applied.value));
        }
    } catch (const kafka::Error&) {
        // The next look asks again; what is known without the broker stands.
    }
    return lag;
}

LagWatch::LagWatch(std::unique_ptr<LogHead> head, Progress& progress, ProjectionProbe& probe,
                   std::function<void()> ends_known)
    : head_(std::move(head)),
      progress_(progress),
      probe_(probe),
      ends_known_(std::move(ends_known)),
      thread_([this] { run(); }) {}

LagWatch::~LagWatch() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    woken_.notify_all();
    thread_.join();
}

void LagWatch::run() {
    LagFigures figures(clock_, *head_, progress_, probe_);
    std::string last_problem;
    std::unique_lock lock(mutex_);
    while (!ending_) {
        lock.unlock();
        try {
            figures.look();
            last_problem.clear();
            ends_known_();
        } catch (const std::exception& error) {
            progress_.ends_unknown(error.what());
            if (last_problem != error.what())
                runtime::Logger("lag").warning(std::string("unknown: ") + error.what());
            last_problem = error.what();
        }
        lock.lock();
        woken_.wait_for(lock, look_interval, [this] { return ending_; });
    }
}

}  // namespace foldstream::projector
