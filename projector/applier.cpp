#include "projector/applier.hpp"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <utility>

namespace foldstream::projector {

namespace {

// Far above the partitions of any process.
constexpr std::size_t max_jobs = 65'536;

JobEnd end_of(postgres::ErrorKind kind) {
    switch (kind) {
        case postgres::ErrorKind::retry:
            return JobEnd::retry;
        case postgres::ErrorKind::lost:
        case postgres::ErrorKind::in_doubt:
            return JobEnd::lost;
        case postgres::ErrorKind::deterministic:
            return JobEnd::refused;
    }
    return JobEnd::refused;
}

}  // namespace

Applier::Applier(postgres::ConnectionSettings settings, HoldingLimits limits,
                 std::chrono::milliseconds look_interval)
    : settings_(std::move(settings)),
      holdings_(limits),
      jobs_(max_jobs),
      look_interval_(look_interval),
      thread_([this] { run(); }) {}

Applier::~Applier() {
    closing_ = true;
    jobs_.close();
    thread_.join();
}

void Applier::submit(Job job) {
    if (!jobs_.try_push(job)) throw std::length_error("more jobs than an applier takes");
}

void Applier::run() {
    for (;;) {
        if (auto job = jobs_.pop(look_interval_)) {
            JobSink* sink = job->sink;
            sink->finished(execute(*job));
        } else if (closing_) {
            return;
        } else {
            look();
        }
    }
}

// A log without events would hide for ever that the next one cannot be applied.
void Applier::look() {
    try {
        (void)connection().exec("SELECT 1");
        note("");
    } catch (const postgres::Error& error) {
        note(error.what());
    }
    forget_if_broken();
}

// The server may have crashed and forgotten the last batches: nothing held is known to be true.
void Applier::forget_if_broken() {
    if (!connection_ || !connection_->broken()) return;
    connection_.reset();
    holdings_.clear();
}

void Applier::note(std::string trouble) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(trouble);
}

std::string Applier::trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
}

JobResult Applier::execute(Job& job) {
    JobResult result;
    result.partition = job.partition;
    const auto began = std::chrono::steady_clock::now();
    try {
        if (closing_) throw postgres::Error(postgres::ErrorKind::lost, "", "the process ends");
        perform(job, result);
    } catch (const postgres::Error& error) {
        result.end = end_of(error.kind());
        result.reason = error.what();
        if (result.end == JobEnd::lost) holdings_.clear();
    } catch (const std::exception& error) {
        result.end = JobEnd::refused;
        result.reason = error.what();
    }
    forget_if_broken();
    note(connection_ ? "" : result.reason);
    if (auto* apply = std::get_if<ApplyJob>(&job.what)) result.batch = std::move(apply->batch);
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return result;
}

void Applier::perform(Job& job, JobResult& result) {
    const CheckpointKey key = job.writer->checkpoint(job.partition);
    Holding& holding = holdings_.of(key);
    if (const auto* take = std::get_if<AcquireJob>(&job.what)) {
        auto taken = job.writer->take(connection(), job.partition, take->owner,
                                      take->partition_count, holding);
        if (taken) {
            result.acquired = *taken;
        } else {
            result.end = JobEnd::refused;
            result.reason = taken.error();
        }
    } else if (auto* apply = std::get_if<ApplyJob>(&job.what)) {
        const ApplyResult applied =
            job.writer->apply(connection(), {job.partition, apply->owner_epoch, apply->expected},
                              *apply->batch, holding);
        result.loaded = applied.loaded;
        if (applied.what == Applied::fenced) {
            holding.drop();
            result.end = JobEnd::fenced;
            result.reason = "another worker has taken the partition";
        } else if (applied.what == Applied::refused) {
            result.end = JobEnd::refused;
            result.reason = applied.reason;
        }
    } else {
        const auto& note = std::get<NoteStopJob>(job.what);
        if (!note_stop(connection(), key, note.owner_epoch, note.reason)) {
            result.end = JobEnd::fenced;
            result.reason = "another worker has taken the partition";
        }
    }
}

postgres::Connection& Applier::connection() {
    if (connection_) return *connection_;
    try {
        connection_.emplace(settings_);
        // A plan made when the tables were empty would be kept while they grow.
        (void)connection_->exec("SET plan_cache_mode = force_custom_plan");
    } catch (const postgres::Error& error) {
        connection_.reset();
        // A wrong password too: it says nothing about the batch, and may be put right any moment.
        throw postgres::Error(postgres::ErrorKind::lost, error.sqlstate(), error.what());
    }
    return *connection_;
}

AppliersPool::AppliersPool(const postgres::ConnectionSettings& settings, std::size_t threads,
                           HoldingLimits limits) {
    const HoldingLimits each{limits.rows / threads, limits.bytes / threads};
    for (std::size_t i = 0; i < threads; ++i)
        appliers_.push_back(std::make_unique<Applier>(settings, each));
}

std::string AppliersPool::trouble() const {
    for (const auto& applier : appliers_) {
        if (std::string why = applier->trouble(); !why.empty()) return why;
    }
    return {};
}

void AppliersPool::submit(Job job) {
    const std::size_t base = std::hash<std::string>{}(job.writer->projection().name);
    const auto partition = static_cast<std::size_t>(job.partition.value);
    appliers_[(base + partition) % appliers_.size()]->submit(std::move(job));
}

}  // namespace foldstream::projector
