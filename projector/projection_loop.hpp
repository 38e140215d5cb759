// What the projector does: one of these for each projection. run() is its poll thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/core/bounded_queue.hpp"
#include "common/core/clock.hpp"
#include "common/core/random.hpp"
#include "common/fold/domain.hpp"
#include "common/kafka/group_member.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"
#include "common/postgres/connection.hpp"
#include "common/runtime/metrics.hpp"
#include "projector/applier.hpp"
#include "projector/batch_writer.hpp"
#include "projector/lag_watch.hpp"
#include "projector/partition_feed.hpp"
#include "projector/progress.hpp"
#include "projector/projection_probe.hpp"

namespace foldstream::projector {

struct LoopOptions {
    kafka::Settings kafka;
    postgres::ConnectionSettings postgres;  // for looking up the generation
    std::string instance;
    std::size_t batch_events = 5'000;
    std::chrono::milliseconds flush_interval{20};
    std::uint32_t queued_kbytes = 16 * 1024;
    // Tests only: the type of events that are not folded.
    const fold::EventType* skipped = nullptr;
};

// run() on one thread, which polls and never waits for Postgres; the appliers do. The rest from any
// thread. Outlives the appliers.
class ProjectionLoop final : public JobSink {
public:
    ProjectionLoop(const fold::DomainModule& domain, const fold::Projection& projection,
                   LoopOptions options, AppliersPool& appliers, runtime::Metrics& metrics);

    // Returns after drain(): batches under way are finished. What is not there yet (broker, topic,
    // schema, generation) is waited for, loudly.
    void run();
    void drain();

    [[nodiscard]] std::string why_not_alive() const { return progress_.why_not_alive(); }
    [[nodiscard]] std::string why_not_ready() const { return progress_.why_not_ready(); }

    void finished(JobResult result) override;

private:
    // What a session is made of, once it is all there.
    struct Found {
        ServedGeneration generation;
        std::int32_t partitions = 0;
    };
    std::optional<Found> wait_until_servable();
    std::optional<Found> look_around(std::string& why);
    void wait_before_trying_again(const std::string& why);

    void serve(const Found& found);
    void begin(const Found& found);
    void end();
    void follow_the_group();
    void take_results();
    void read(Partition partition, PartitionFeed& feed);
    void start_or_stop(Partition partition, PartitionFeed& feed);
    void hand_over(Partition partition, PartitionFeed& feed);
    void report();
    void sleep_until_something();
    [[nodiscard]] bool under_way() const;

    const fold::DomainModule& domain_;
    const fold::Projection& projection_;
    const LoopOptions options_;
    const std::string topic_;
    AppliersPool& appliers_;
    ProjectionProbe probe_;
    Progress progress_;
    SystemClock clock_;
    KernelRandom random_;

    std::mutex mutex_;
    std::condition_variable drained_;
    std::atomic<bool> draining_{false};

    // The poll thread's, while it serves.
    kafka::Wakeup wakeup_;
    BoundedQueue<JobResult> results_;
    FeedOptions feed_options_;
    std::unique_ptr<BatchWriter> writer_;
    std::unique_ptr<kafka::GroupMember> member_;
    std::unique_ptr<kafka::Reader> reader_;
    std::map<Partition, PartitionFeed> feeds_;
    Progress::Ends ends_;
    std::map<Partition, Offset> committed_;
    bool busy_ = false;  // somebody had more to read than one turn allows
    std::chrono::steady_clock::time_point reported_at_{};
};

}  // namespace foldstream::projector
