#include "projector/projection_loop.hpp"

#include <algorithm>
#include <utility>

#include "common/core/test_hooks.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::projector {

namespace {

using namespace std::chrono_literals;

// Records of one partition before the next one has its turn.
constexpr int records_a_turn = 64;
// The group is served, and health hears of us, at least so often.
constexpr auto longest_sleep = 500ms;
constexpr auto report_interval = 1s;
// One job a partition is under way; no process has as many partitions.
constexpr std::size_t max_results = 65'536;

const runtime::Logger& logger() {
    static const runtime::Logger instance("projection");
    return instance;
}

}  // namespace

ProjectionLoop::ProjectionLoop(const fold::DomainModule& domain, const fold::Projection& projection,
                               LoopOptions options, AppliersPool& appliers,
                               runtime::Metrics& metrics)
    : domain_(domain),
      projection_(projection),
      options_(std::move(options)),
      topic_(kafka::events_topic(domain.name)),
      appliers_(appliers),
      probe_(metrics, projection.name),
      results_(max_results) {}

void ProjectionLoop::run() {
    while (const auto found = wait_until_servable()) {
        try {
            serve(*found);
            return;
        } catch (const kafka::Error& error) {
            if (!error.retry()) throw;
            wait_before_trying_again(error.what());
        }
    }
}

// The whole way of an event, in order. Nothing in here waits for Postgres: appliers do, and answer
// through results_.
void ProjectionLoop::serve(const Found& found) {
    begin(found);
    const LagWatch lag(make_kafka_log_head(options_.kafka, topic_), progress_, probe_,
                       [this] { wakeup_.ring(); });
    while (!draining_ || under_way()) {
        follow_the_group();  // which partitions are ours
        take_results();      // what the appliers have acquired, applied, failed to apply
        for (auto& [partition, feed] : feeds_) {
            start_or_stop(partition, feed);  // reading, where the checkpoint says
            read(partition, feed);           // validity, decode, group by key
            hand_over(partition, feed);      // one batch under way: fold, write, commit
        }
        report();  // to health, to lag tools
        sleep_until_something();
    }
    end();
}

void ProjectionLoop::follow_the_group() {
    member_->poll();
    static const std::set<Partition> none;
    const std::set<Partition>& assigned = draining_ ? none : member_->assigned();
    for (const Partition partition : assigned) {
        const auto [feed, fresh] = feeds_.try_emplace(partition, domain_, partition, feed_options_,
                                                      clock_, random_, probe_);
        if (!fresh) feed->second.assign();
    }
    for (auto feed = feeds_.begin(); feed != feeds_.end();) {
        if (!assigned.contains(feed->first)) feed->second.release();
        if (feed->second.gone()) {
            reader_->stop(feed->first);
            feed = feeds_.erase(feed);
        } else {
            ++feed;
        }
    }
}

void ProjectionLoop::take_results() {
    while (auto result = results_.try_pop()) {
        const auto feed = feeds_.find(result->partition);
        if (feed != feeds_.end()) feed->second.finished(std::move(*result));
    }
}

void ProjectionLoop::start_or_stop(Partition partition, PartitionFeed& feed) {
    if (feed.take_stop()) reader_->stop(partition);
    if (const auto offset = feed.take_start()) {
        try {
            reader_->start(partition, *offset);
        } catch (const kafka::Error& error) {
            feed.interrupted(error.what());
        }
    }
    const auto end = ends_.find(partition);
    if (end != ends_.end()) feed.log_end(end->second);
    if (!ends_.empty() && ends_.size() != static_cast<std::size_t>(feed_options_.partition_count)) {
        feed.unreadable("the log has " + std::to_string(ends_.size()) + " partitions now and had " +
                        std::to_string(feed_options_.partition_count) +
                        ": a log's partition count is fixed for ever");
    }
}

void ProjectionLoop::read(Partition partition, PartitionFeed& feed) {
    for (int i = 0; feed.hungry(); ++i) {
        if (i == records_a_turn) {
            busy_ = true;
            return;
        }
        auto fetched = reader_->next(partition);
        if (!fetched) {
            feed.drained();
            return;
        }
        if (const auto* record = std::get_if<kafka::Record>(&*fetched)) {
            feed.record({record->offset(), record->append_time_ms(), record->value()});
        } else if (const auto* end = std::get_if<kafka::EndOfPartition>(&*fetched)) {
            feed.log_end(end->offset);
        } else {
            const auto& error = std::get<kafka::PartitionError>(*fetched);
            if (error.transient) {
                logger().warning(error.reason);
            } else {
                feed.unreadable(error.reason +
                                (error.out_of_range ? ": the log was cut or recreated" : ""));
            }
        }
    }
}

void ProjectionLoop::hand_over(Partition partition, PartitionFeed& feed) {
    if (auto work = feed.next_job())
        appliers_.submit({this, writer_.get(), partition, std::move(*work)});
}

void ProjectionLoop::finished(JobResult result) {
    if (!results_.try_push(std::move(result)))
        logger().error("more results under way than partitions: one is lost");
    wakeup_.ring();
}

void ProjectionLoop::sleep_until_something() {
    if (std::exchange(busy_, false)) return;
    auto until = clock_.steady() + longest_sleep;
    for (const auto& [partition, feed] : feeds_) until = std::min(until, feed.due());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.steady());
    if (left > 0ms) wakeup_.wait(left);
}

bool ProjectionLoop::under_way() const { return !feeds_.empty(); }

void ProjectionLoop::report() {
    Progress::Feeds now;
    for (const auto& [partition, feed] : feeds_) {
        if (!feed.gone()) now.emplace(partition, feed.status());
    }
    progress_.publish(now, member_->joined());
    ends_ = progress_.ends();
    if (clock_.steady() - reported_at_ < report_interval) return;
    reported_at_ = clock_.steady();
    std::map<Partition, Offset> moved;
    for (const auto& [partition, feed] : now) {
        if (feed.state != FeedState::released && feed.seen > committed_[partition])
            moved[partition] = committed_[partition] = feed.seen;
    }
    member_->commit(moved);  // for lag tools; nobody ever reads it back
    test_hooks::fault_point(test_hooks::FaultPoint::offset_committed);
}

}  // namespace foldstream::projector
