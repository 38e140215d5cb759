#include "common/processing/snapshot_deletion.hpp"

#include <cassert>
#include <variant>

#include "common/core/test_hooks.hpp"
#include "common/processing/snapshot_record.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::processing {

namespace {

using test_hooks::FaultPoint;

constexpr std::size_t records_a_step = 256;
constexpr std::size_t most_outstanding = 2'000;

const runtime::Logger& logger() {
    static const runtime::Logger instance("snapshots");
    return instance;
}
}  // namespace

bool allowed(DeletionState from, DeletionState to) {
    if (to == DeletionState::resting) return from != DeletionState::resting;
    return static_cast<int>(to) == static_cast<int>(from) + 1;
}

void SnapshotDeletion::move_to(DeletionState next) {
    assert(allowed(state_, next));
    state_ = next;
}

SnapshotDeletion::SnapshotDeletion(SnapshotSource& source, SnapshotSink& sink)
    : source_(source), sink_(sink) {}

void SnapshotDeletion::begin(Epoch epoch, Offset word) {
    end();
    word_ = word;
    run_ = first_tag + epoch.value;
    outstanding_ = 0;
    check_ = {};
    held_ = marker_key;
    move_to(DeletionState::pointing);
}

void SnapshotDeletion::end() {
    if (state_ == DeletionState::scanning) source_.stop();
    if (active()) move_to(DeletionState::resting);
}

bool SnapshotDeletion::send(std::string_view key) {
    if (sink_.send(key, {}, run_) != Sent::queued) return false;
    ++outstanding_;
    return true;
}

bool SnapshotDeletion::step() {
    if (!held_.empty() && state_ != DeletionState::resting) {
        if (!send(held_)) return false;
        held_.clear();
        return true;
    }
    switch (state_) {
        case DeletionState::resting:
            return false;
        case DeletionState::pointing:
            if (outstanding_ > 0) return false;
            test_hooks::fault_point(FaultPoint::pointer_deleted);
            source_.start_at_beginning();
            move_to(DeletionState::scanning);
            return true;
        case DeletionState::scanning:
            return outstanding_ < most_outstanding && scan();
        case DeletionState::ending:
            if (outstanding_ > 0) return false;
            test_hooks::fault_point(FaultPoint::snapshots_deleted);
            move_to(DeletionState::resting);
            return true;
    }
    return false;
}

bool SnapshotDeletion::scan() {
    bool worked = false;
    for (std::size_t n = 0; n < records_a_step; ++n) {
        const auto read = source_.next();
        if (!read) return worked;
        worked = true;
        if (const auto* broken = std::get_if<Broken>(&*read)) {
            if (broken->transient) continue;
            logger().error("not all snapshots are deleted: what is left is true; say it once more",
                           {{"error", broken->reason}});
            end();
            return true;
        }
        if (std::holds_alternative<End>(*read)) {
            source_.stop();
            test_hooks::fault_point(FaultPoint::deletions_sent);
            move_to(DeletionState::ending);
            return true;
        }
        const auto& record = std::get<SnapshotRecord>(*read);
        const auto name = parse_snapshot_key(record.key);
        if (record.value.empty() || !name || name->cut >= word_) continue;
        if (!send(record.key)) {
            held_ = record.key;
            return true;
        }
    }
    return true;
}

std::string SnapshotDeletion::delivery(const kafka::DeliveryReport& report) {
    if (report.tag != run_ || state_ == DeletionState::resting) return {};
    if (outstanding_ > 0) --outstanding_;
    if (check_.delivered(report.no_error, report.offset)) return {};
    return "a tombstone of a snapshot was not delivered: " +
           (report.error.empty() ? std::string("its delivery is unproved") : report.error);
}

}  // namespace foldstream::processing
