#include "common/processing/snapshot_deletion.hpp"

#include <variant>

#include "common/processing/snapshot_record.hpp"

namespace foldstream::processing {

namespace {
constexpr std::size_t records_a_step = 256;
constexpr std::size_t most_outstanding = 2'000;
}  // namespace

SnapshotDeletion::SnapshotDeletion(SnapshotSource& source, SnapshotSink& sink)
    : source_(source), sink_(sink) {}

void SnapshotDeletion::begin(Epoch epoch, Offset word) {
    end();
    word_ = word;
    run_ = first_tag + epoch.value;
    outstanding_ = 0;
    check_ = {};
    held_ = marker_key;
    state_ = State::pointing;
}

void SnapshotDeletion::end() {
    if (state_ == State::scanning) source_.stop();
    state_ = State::resting;
}

bool SnapshotDeletion::send(std::string_view key) {
    if (sink_.send(key, {}, run_) != Sent::queued) return false;
    ++outstanding_;
    return true;
}

bool SnapshotDeletion::step() {
    if (!held_.empty() && state_ != State::resting) {
        if (!send(held_)) return false;
        held_.clear();
        return true;
    }
    switch (state_) {
        case State::resting:
            return false;
        case State::pointing:
            if (outstanding_ > 0) return false;
            source_.start_at_beginning();
            state_ = State::scanning;
            return true;
        case State::scanning:
            return outstanding_ < most_outstanding && scan();
        case State::ending:
            if (outstanding_ > 0) return false;
            state_ = State::resting;
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
            end();  // what is left is true
            return true;
        }
        if (std::holds_alternative<End>(*read)) {
            source_.stop();
            state_ = State::ending;
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
    if (report.tag != run_ || state_ == State::resting) return {};
    if (outstanding_ > 0) --outstanding_;
    if (check_.delivered(report.no_error, report.offset)) return {};
    return "a tombstone of a snapshot was not delivered: " +
           (report.error.empty() ? std::string("its delivery is unproved") : report.error);
}

}  // namespace foldstream::processing
