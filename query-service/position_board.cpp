#include "query-service/position_board.hpp"

#include <algorithm>

namespace foldstream::query {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

// An end of the log that is older says nothing about now: a lag of 0 grows from here on.
constexpr milliseconds head_is_fresh{3'000};

std::int64_t ms_between(PositionBoard::Time from, PositionBoard::Time to) {
    return std::max<std::int64_t>(0, duration_cast<milliseconds>(to - from).count());
}

}  // namespace

void PositionBoard::set_checkpoints(std::map<std::string, ProjectionState> states) {
    Ended ended;
    {
        const std::lock_guard lock(mutex_);
        states_ = std::move(states);
        note_behind();
        ended = take_ended();
    }
    for (auto& [done, how] : ended) done(how);
}

void PositionBoard::set_head(const std::string& domain, Time asked_at,
                             std::map<Partition, Offset> ends) {
    Ended ended;
    {
        const std::lock_guard lock(mutex_);
        Head& head = heads_[domain];
        head.asked_at = asked_at;
        head.ends = std::move(ends);
        note_behind();
        ended = take_ended();
    }
    for (auto& [done, how] : ended) done(how);
}

void PositionBoard::set_oldest(const std::string& projection, Partition partition, Offset at,
                               std::int64_t append_time_ms) {
    const std::lock_guard lock(mutex_);
    const auto found = behind_.find({projection, partition});
    if (found != behind_.end()) found->second.oldest = {at, append_time_ms};
}

void PositionBoard::set_last_sequence(const std::string& domain, Partition partition, Offset end,
                                      Sequence last) {
    const std::lock_guard lock(mutex_);
    heads_[domain].last[partition] = {end, last};
}

void PositionBoard::expire() {
    Ended ended;
    {
        const std::lock_guard lock(mutex_);
        ended = take_ended();
    }
    for (auto& [done, how] : ended) done(how);
}

void PositionBoard::close() {
    Ended ended;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        ended = take_ended();
    }
    came_.notify_all();
    for (auto& [done, how] : ended) done(how);
}

std::optional<std::int32_t> PositionBoard::partition_count(const std::string& domain) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, state] : states_) {
        if (state.domain == domain && state.partition_count > 0) return state.partition_count;
    }
    const auto head = heads_.find(domain);
    if (head == heads_.end() || head->second.ends.empty()) return std::nullopt;
    return static_cast<std::int32_t>(head->second.ends.size());
}

std::optional<std::int64_t> PositionBoard::lag_ms(const std::string& projection,
                                                  const Covered& covered) const {
    const std::lock_guard lock(mutex_);
    const auto head = heads_.find(covered.place.domain);
    if (head == heads_.end()) return std::nullopt;
    const auto end = head->second.ends.find(covered.place.partition);
    if (end == head->second.ends.end()) return std::nullopt;
    const Time now = clock_.steady();
    const std::int64_t unseen_for = ms_between(head->second.asked_at, now);
    if (covered.seen >= end->second) return unseen_for > head_is_fresh.count() ? unseen_for : 0;
    const auto behind = behind_.find({projection, covered.place.partition});
    std::int64_t lag = unseen_for;
    if (behind != behind_.end()) {
        const auto& oldest = behind->second.oldest;
        lag = std::max(lag, ms_between(behind->second.since, now));
        if (oldest && oldest->first >= covered.seen) {
            lag = std::max(lag, clock_.wall_ms() - oldest->second);
        }
    }
    return std::max<std::int64_t>(lag, 1);
}

std::optional<Offset> PositionBoard::head(const std::string& domain, Partition partition) const {
    const std::lock_guard lock(mutex_);
    const auto head = heads_.find(domain);
    if (head == heads_.end()) return std::nullopt;
    const auto end = head->second.ends.find(partition);
    if (end == head->second.ends.end()) return std::nullopt;
    return end->second;
}

std::optional<Sequence> PositionBoard::last_sequence(const std::string& domain,
                                                     Partition partition) const {
    const std::lock_guard lock(mutex_);
    const auto head = heads_.find(domain);
    if (head == heads_.end()) return std::nullopt;
    const auto last = head->second.last.find(partition);
    const auto end = head->second.ends.find(partition);
    if (last == head->second.last.end() || end == head->second.ends.end() ||
        last->second.first != end->second) {
        return std::nullopt;
    }
    return last->second.second;
}

std::vector<Overdue> PositionBoard::overdue(milliseconds since) const {
    const std::lock_guard lock(mutex_);
    std::vector<Overdue> found;
    const Time now = clock_.steady();
    for (const auto& [where, behind] : behind_) {
        const auto& [projection, partition] = where;
        if (now - behind.since < since) continue;
        const auto state = states_.find(projection);
        if (state == states_.end()) continue;
        const auto head = heads_.find(state->second.domain);
        if (head == heads_.end()) continue;
        const auto end = head->second.ends.find(partition);
        if (end == head->second.ends.end()) continue;
        Overdue one{{state->second.domain, projection},
                    partition,
                    applied(projection, partition).seen,
                    end->second};
        one.needs_oldest = !behind.oldest || behind.oldest->first != one.seen;
        const auto last = head->second.last.find(partition);
        one.needs_last = last == head->second.last.end() || last->second.first != one.end;
        if (one.needs_oldest || one.needs_last) found.push_back(std::move(one));
    }
    return found;
}

std::optional<milliseconds> PositionBoard::head_age(const std::string& domain) const {
    const std::lock_guard lock(mutex_);
    const auto head = heads_.find(domain);
    if (head == heads_.end() || head->second.ends.empty()) return std::nullopt;
    return duration_cast<milliseconds>(clock_.steady() - head->second.asked_at);
}

bool PositionBoard::wait(std::vector<Source> sources, std::vector<Place> places, Time until,
                         std::function<void(Waited)> done) {
    std::optional<Waited> now;
    {
        const std::lock_guard lock(mutex_);
        Wait wait{std::move(sources), std::move(places), clock_.steady(), until, std::move(done)};
        now = judge(wait);
        if (now) {
            done = std::move(wait.done);
        } else {
            if (waits_.size() >= max_waiting_) return false;
            waits_.push_back(std::move(wait));
            ++arrivals_;
        }
    }
    if (now) {
        done(*now);
    } else {
        came_.notify_all();
    }
    return true;
}

std::size_t PositionBoard::waiting() const {
    const std::lock_guard lock(mutex_);
    return waits_.size();
}

bool PositionBoard::rest(milliseconds at_most, std::uint64_t& tick) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, at_most, [&] { return closed_ || arrivals_ != tick; });
    tick = arrivals_;
    return !closed_;
}

Applied PositionBoard::applied(const std::string& projection, Partition partition) const {
    const auto state = states_.find(projection);
    if (state == states_.end()) return {};
    const auto found = state->second.partitions.find(partition);
    return found == state->second.partitions.end() ? Applied{} : found->second;
}

std::optional<Waited> PositionBoard::judge(const Wait& wait) const {
    if (closed_) return Waited::closed;
    bool pending = false;
    for (const Place& place : wait.places) {
        for (const Source& source : wait.sources) {
            if (source.domain != place.domain) continue;
            const auto one = judge_one(wait, source, place);
            if (one == Waited::beyond_log) return one;
            pending = pending || !one;
        }
    }
    if (!pending) return Waited::reached;
    if (clock_.steady() >= wait.until) return Waited::too_late;
    return std::nullopt;
}

std::optional<Waited> PositionBoard::judge_one(const Wait& wait, const Source& source,
                                               const Place& place) const {
    const Applied now = applied(source.projection, place.partition);
    if (now.sequence >= place.sequence) return Waited::reached;
    const auto head = heads_.find(source.domain);
    // Only an end that was asked for after the request came tells that the log holds no such entry.
    if (head == heads_.end() || head->second.asked_at < wait.arrived) return std::nullopt;
    const auto end = head->second.ends.find(place.partition);
    if (end == head->second.ends.end() || now.seen < end->second) return std::nullopt;
    return Waited::beyond_log;
}

void PositionBoard::note_behind() {
    for (const auto& [projection, state] : states_) {
        const auto head = heads_.find(state.domain);
        if (head == heads_.end()) continue;
        for (const auto& [partition, end] : head->second.ends) {
            const Offset seen = applied(projection, partition).seen;
            const auto found = behind_.find({projection, partition});
            if (seen >= end) {
                if (found != behind_.end()) behind_.erase(found);
            } else if (found == behind_.end() || seen >= found->second.end) {
                // A new end to reach: a busy log that is being followed is not standing still.
                behind_[{projection, partition}] = {end, head->second.asked_at, std::nullopt};
            }
        }
    }
}

PositionBoard::Ended PositionBoard::take_ended() {
    Ended ended;
    for (auto wait = waits_.begin(); wait != waits_.end();) {
        if (const auto how = judge(*wait)) {
            ended.emplace_back(std::move(wait->done), *how);
            wait = waits_.erase(wait);
        } else {
            ++wait;
        }
    }
    return ended;
}

}  // namespace foldstream::query
