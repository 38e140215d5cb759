#include "projector/partition_feed.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/runtime/log.hpp"

namespace foldstream::projector {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds transient_least{100};
constexpr milliseconds transient_most{10'000};
// Whoever fenced us is probably the rightful owner, and we learn so from the group meanwhile.
constexpr milliseconds fenced_least{1'000};
constexpr milliseconds fenced_most{30'000};
// A stopped partition is tried again: somebody may have put right what stopped it.
constexpr milliseconds stopped_pause{60'000};
// How often a checkpoint moves when no row changes.
constexpr milliseconds idle_write{1'000};

const runtime::Logger& logger() {
    static const runtime::Logger instance("projection");
    return instance;
}

}  // namespace

const char* name(FeedState state) {
    switch (state) {
        case FeedState::waiting:
            return "waiting";
        case FeedState::acquiring:
            return "acquiring";
        case FeedState::reading:
            return "reading";
        case FeedState::ending:
            return "ending";
        case FeedState::stopped:
            return "stopped";
        case FeedState::released:
            return "released";
    }
    return "";
}

PartitionFeed::PartitionFeed(const fold::DomainModule& domain, Partition partition,
                             const FeedOptions& options, Clock& clock, Random& random,
                             ProjectionProbe& probe)
    : domain_(domain),
      partition_(partition),
      options_(options),
      clock_(clock),
      random_(random),
      probe_(probe),
      transient_(transient_least, transient_most),
      fenced_(fenced_least, fenced_most) {}

std::optional<Offset> PartitionFeed::take_start() { return std::exchange(start_, std::nullopt); }

bool PartitionFeed::take_stop() { return std::exchange(stop_reading_, false); }

// ---- what is read

bool PartitionFeed::hungry() const { return state_ == FeedState::reading && !full(); }

bool PartitionFeed::full() const {
    return open_ &&
           (open_->events() >= options_.batch_events || open_->bytes() >= options_.batch_bytes);
}

Batch& PartitionFeed::open() {
    if (!open_) {
        open_ = std::make_unique<Batch>();
        open_since_ = now();
    }
    return *open_;
}

void PartitionFeed::record(const replay::LogRecord& record) {
    assert(state_ == FeedState::reading);
    drained_ = false;
    replay::ReadResult result = log_.feed(record);
    if (const auto* stop = std::get_if<replay::Stop>(&result)) {
        end("the log cannot be read at offset " + std::to_string(stop->offset.value) + ": " +
            stop->reason);
        return;
    }
    // The record of the position itself was read again only to be compared.
    if (record.offset <= applied_.position.offset) return;
    if (const auto* ignored = std::get_if<replay::Ignored>(&result)) {
        probe_.ignored(ignored->verdict);
        if (replay::alarms(ignored->verdict)) {
            logger().error("a record of the log is ignored that no honest owner writes",
                           {{"domain", domain_.name},
                            {"partition", std::int64_t{partition_.value}},
                            {"offset", record.offset.value},
                            {"verdict", std::string(replay::name(ignored->verdict))}});
        }
    } else if (auto* entries = std::get_if<replay::ValidEntries>(&result)) {
        const auto why = open().add(domain_, partition_, *entries);
        log_.reuse(std::move(*entries));
        if (why) {
            end(*why);
            return;
        }
    }
    if (!log_.log_id().empty() && !applied_.log_id.empty() && log_.log_id() != applied_.log_id) {
        end("this is another log than the one that the checkpoint was made on: the topic was "
            "recreated. Rebuild the projection on the new log");
        return;
    }
    open().reach({log_.position(), log_.seen_offset(), log_.next_offset(),
                  log_.log_id().empty() ? applied_.log_id : log_.log_id()},
                 record.append_time_ms);
}

void PartitionFeed::log_end(Offset end) { log_end_ = std::max(log_end_, end); }

void PartitionFeed::unreadable(const std::string& reason) {
    if (state_ == FeedState::reading) end(reason);
}

void PartitionFeed::interrupted(const std::string& reason) {
    if (state_ != FeedState::reading) return;
    start_over(JobEnd::lost, reason, transient_);
}

// What was read before the end is still applied.
void PartitionFeed::end(const std::string& reason) {
    state_ = FeedState::ending;
    problem_ = reason;
    stop_reading_ = true;
    logger().error("stops: " + reason,
                   {{"domain", domain_.name}, {"partition", std::int64_t{partition_.value}}});
}

// ---- what is to be done

bool PartitionFeed::has_news() const { return open_ && open_->reached().seen > applied_.seen; }

PartitionFeed::Time PartitionFeed::apply_due() const {
    if (state_ == FeedState::ending) return Time::min();
    if (open_->events() == 0) return written_at_ + idle_write;
    if (full()) return Time::min();
    // More is on its way when the broker has more than we have seen; else nobody waits.
    const bool behind = log_end_ > log_.seen_offset();
    return drained_ && !behind ? Time::min() : open_since_ + options_.flush_interval;
}

std::optional<JobWork> PartitionFeed::next_job() {
    if (under_way_ || due() > now()) return std::nullopt;
    std::optional<JobWork> job;
    if (state_ == FeedState::waiting || state_ == FeedState::stopped) {
        state_ = FeedState::acquiring;
        job = AcquireJob{options_.owner, options_.partition_count};
    } else if (again_ || has_news()) {
        auto batch = again_ ? std::move(again_) : std::move(open_);
        under_way_oldest_ms_ = batch->oldest_ms();
        job = ApplyJob{owner_epoch_, applied_.position.offset, std::move(batch)};
    } else {
        job = NoteStopJob{owner_epoch_, problem_};
    }
    under_way_ = true;
    return job;
}

PartitionFeed::Time PartitionFeed::due() const {
    if (under_way_) return Time::max();
    switch (state_) {
        case FeedState::waiting:
        case FeedState::stopped:
            return wake_at_;
        case FeedState::reading:
        case FeedState::ending:
            if (again_) return wake_at_;
            if (has_news()) return apply_due();
            return state_ == FeedState::ending ? Time::min() : Time::max();
        case FeedState::acquiring:
        case FeedState::released:
            break;
    }
    return Time::max();
}

// ---- what became of it

void PartitionFeed::finished(JobResult result) {
    under_way_ = false;
    under_way_oldest_ms_ = 0;
    if (state_ == FeedState::released || std::exchange(forsaken_, false)) return;
    if (state_ == FeedState::acquiring) {
        if (result.end == JobEnd::done) {
            acquired(std::move(*result.acquired));
        } else if (result.end == JobEnd::refused) {
            end(result.reason);
            state_ = FeedState::stopped;  // not ours: nothing is noted in the checkpoint
            wake_at_ = now() + stopped_pause;
            probe_.again("refused");
        } else {
            start_over(result.end, result.reason, transient_);
        }
    } else if (result.batch) {
        if (result.end == JobEnd::done) {
            applied(result);
        } else {
            apply_failed(std::move(result));
        }
    } else {
        state_ = FeedState::stopped;
        wake_at_ = now() + stopped_pause;
    }
}

void PartitionFeed::acquired(Ownership ownership) {
    owner_epoch_ = ownership.owner_epoch;
    applied_ = std::move(ownership.reached);
    log_ = replay::LogReader(applied_.position, applied_.next_offset);
    drop_batches();
    start_ = log_.begin();
    stop_reading_ = false;
    drained_ = false;
    problem_.clear();
    state_ = FeedState::reading;
    logger().info("acquired", {{"domain", domain_.name},
                               {"partition", std::int64_t{partition_.value}},
                               {"offset", applied_.position.offset.value},
                               {"sequence", applied_.position.sequence.value},
                               {"owner_epoch", owner_epoch_}});
}

void PartitionFeed::applied(const JobResult& result) {
    const Batch& batch = *result.batch;
    applied_ = batch.reached();
    written_at_ = now();
    transient_.reset();
    fenced_.reset();
    if (state_ == FeedState::reading) problem_.clear();
    probe_.applied(batch.events(), batch.keys(), result.loaded, result.seconds);
}

void PartitionFeed::apply_failed(JobResult result) {
    if (result.end == JobEnd::retry) {
        again_ = std::move(result.batch);
        wake_at_ = now() + transient_.pause(random_);
        if (state_ == FeedState::reading) problem_ = result.reason;
        probe_.again("retry");
        logger().warning("the batch is tried again: " + result.reason,
                         {{"domain", domain_.name}, {"partition", std::int64_t{partition_.value}}});
    } else if (result.end == JobEnd::refused) {
        drop_batches();
        probe_.again("refused");
        end(result.reason);
    } else {
        start_over(result.end, result.reason, result.end == JobEnd::fenced ? fenced_ : transient_);
    }
}

// The checkpoint alone says what has landed: everything in memory goes, and reading begins at what
// it says.
void PartitionFeed::start_over(JobEnd why, const std::string& reason, Backoff& backoff) {
    drop_batches();
    state_ = FeedState::waiting;
    problem_ = reason;
    stop_reading_ = true;
    start_.reset();
    const auto pause = backoff.pause(random_);
    wake_at_ = now() + pause;
    probe_.again(why == JobEnd::fenced ? "fenced" : "lost");
    logger().warning("acquires again: " + reason, {{"domain", domain_.name},
                                                   {"partition", std::int64_t{partition_.value}},
                                                   {"pause_ms", std::int64_t{pause.count()}}});
}

void PartitionFeed::drop_batches() {
    open_.reset();
    again_.reset();
}

// ---- the group

void PartitionFeed::release() {
    if (state_ == FeedState::released) return;
    state_ = FeedState::released;
    stop_reading_ = true;
    start_.reset();
    drop_batches();
}

void PartitionFeed::assign() {
    if (state_ != FeedState::released) return;
    state_ = FeedState::waiting;
    wake_at_ = now();
    problem_.clear();
    forsaken_ = under_way_;
}

FeedStatus PartitionFeed::status() const {
    FeedStatus status;
    status.state = state_;
    status.problem = problem_;
    status.seen = applied_.seen;
    status.applied = applied_.position.sequence;
    status.read = std::max(log_.position().sequence, applied_.position.sequence);
    status.oldest_ms = under_way_oldest_ms_;
    for (const auto* batch : {again_.get(), open_.get()}) {
        if (status.oldest_ms == 0 && batch != nullptr) status.oldest_ms = batch->oldest_ms();
    }
    return status;
}

}  // namespace foldstream::projector
