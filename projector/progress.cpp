#include "projector/progress.hpp"

#include <utility>

namespace foldstream::projector {

namespace {
// The poll thread goes around at least once a second.
constexpr std::chrono::seconds beat_limit{30};
}  // namespace

void Progress::publish(Feeds feeds, bool joined) {
    const std::lock_guard lock(mutex_);
    waits_for_.clear();
    feeds_ = std::move(feeds);
    joined_ = joined;
    beat_ = std::chrono::steady_clock::now();
}

void Progress::waits_for(std::string what) {
    const std::lock_guard lock(mutex_);
    waits_for_ = std::move(what);
    feeds_.clear();
}

Progress::Feeds Progress::feeds() const {
    const std::lock_guard lock(mutex_);
    return feeds_;
}

void Progress::set_ends(Ends ends) {
    const std::lock_guard lock(mutex_);
    ends_ = std::move(ends);
    ends_problem_.clear();
}

void Progress::ends_unknown(std::string why) {
    const std::lock_guard lock(mutex_);
    ends_problem_ = std::move(why);
}

Progress::Ends Progress::ends() const {
    const std::lock_guard lock(mutex_);
    return ends_;
}

void Progress::set_stalled(std::string sentence) {
    const std::lock_guard lock(mutex_);
    stalled_ = std::move(sentence);
}

std::string Progress::why_not_alive() const {
    const std::lock_guard lock(mutex_);
    if (!waits_for_.empty()) return "";  // it tries, and is not ready
    if (std::chrono::steady_clock::now() - beat_ > beat_limit)
        return "the poll thread has not gone around for " + std::to_string(beat_limit.count()) +
               " s";
    return stalled_;
}

std::string Progress::why_not_ready() const {
    const std::lock_guard lock(mutex_);
    if (!waits_for_.empty()) return waits_for_;
    if (!joined_) return "the group has not yet assigned partitions";
    if (!ends_problem_.empty()) return ends_problem_;
    for (const auto& [partition, feed] : feeds_) {
        if (feed.state == FeedState::reading && feed.problem.empty()) continue;
        std::string why =
            "partition " + std::to_string(partition.value) + " is " + name(feed.state);
        if (!feed.problem.empty()) why += ": " + feed.problem;
        return why;
    }
    return "";
}

}  // namespace foldstream::projector
