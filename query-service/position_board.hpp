// What is applied and what is there to be applied, in memory: fed by the checkpoint poller and the
// head probe, read by every answer, and the place where requests wait for their own writes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/core/clock.hpp"
#include "common/core/ids.hpp"
#include "query-service/places.hpp"

namespace foldstream::query {

// A projection as a source of an answer.
struct Source {
    std::string domain;
    std::string projection;
};

struct Applied {
    Sequence sequence;
    Offset seen;
};

struct ProjectionState {
    std::string domain;
    std::int32_t partition_count = 0;  // 0: no checkpoint yet
    std::map<Partition, Applied> partitions;
};

enum class Waited {
    reached,
    too_late,    // the time was over
    beyond_log,  // everything that was in the log has been applied, and it is not among it
    closed,      // the service is ending
};

// A partition that stays behind: what the probe should look up.
struct Overdue {
    Source source;
    Partition partition;
    Offset seen;  // of the oldest record not applied
    Offset end;
    bool needs_oldest = false;  // its time is not known
    bool needs_last = false;    // the last entry's sequence is not known
};

// Any thread. Continuations are called outside the lock, on the thread that fed what they waited
// for; they must not block.
class PositionBoard {
public:
    using Time = std::chrono::steady_clock::time_point;

    PositionBoard(const Clock& clock, std::size_t max_waiting)
        : clock_(clock), max_waiting_(max_waiting) {}

    // By projection.
    void set_checkpoints(std::map<std::string, ProjectionState> states);
    // `asked_at`: before the broker was asked.
    void set_head(const std::string& domain, Time asked_at, std::map<Partition, Offset> ends);
    // The broker's time of the record at `at`.
    void set_oldest(const std::string& projection, Partition partition, Offset at,
                    std::int64_t append_time_ms);
    // The sequence of the last entry of the record before `end`.
    void set_last_sequence(const std::string& domain, Partition partition, Offset end,
                           Sequence last);
    // Ends the waits whose time is over.
    void expire();
    // Ends all waits; later ones end at once. Wakes who rests.
    void close();

    // Nothing while nobody knows.
    [[nodiscard]] std::optional<std::int32_t> partition_count(const std::string& domain) const;
    // Age in ms of the oldest record of that partition that is not below `seen`, 0 when there is
    // none; nothing while the log's end has never been seen.
    [[nodiscard]] std::optional<std::int64_t> lag_ms(const std::string& projection,
                                                     const Covered& covered) const;
    [[nodiscard]] std::optional<Offset> head(const std::string& domain, Partition partition) const;
    // Of the last entry in the log, when somebody looked since the log has that end.
    [[nodiscard]] std::optional<Sequence> last_sequence(const std::string& domain,
                                                        Partition partition) const;
    // Partitions that have been behind one end for at least `since`, and of which something is not
    // known.
    [[nodiscard]] std::vector<Overdue> overdue(std::chrono::milliseconds since) const;
    // How long ago the log's end was last seen; nothing = never.
    [[nodiscard]] std::optional<std::chrono::milliseconds> head_age(
        const std::string& domain) const;

    // Calls `done` once every source of each place's domain has applied it, or with the reason why
    // not. False, and `done` is not called: too many wait already.
    bool wait(std::vector<Source> sources, std::vector<Place> places, Time until,
              std::function<void(Waited)> done);
    [[nodiscard]] std::size_t waiting() const;
    // Sleeps up to `at_most`, shorter when a wait has begun since the last call with this `tick`.
    // False when closed.
    bool rest(std::chrono::milliseconds at_most, std::uint64_t& tick);

private:
    struct Head {
        Time asked_at;
        std::map<Partition, Offset> ends;
        std::map<Partition, std::pair<Offset, Sequence>> last;  // by the end it was seen for
    };
    // Since when an end of the log has not been reached.
    struct Behind {
        Offset end;
        Time since;
        std::optional<std::pair<Offset, std::int64_t>> oldest;  // offset, append time
    };
    struct Wait {
        std::vector<Source> sources;
        std::vector<Place> places;
        Time arrived;
        Time until;
        std::function<void(Waited)> done;
    };
    using Ended = std::vector<std::pair<std::function<void(Waited)>, Waited>>;

    [[nodiscard]] Applied applied(const std::string& projection, Partition partition) const;
    [[nodiscard]] std::optional<Waited> judge(const Wait& wait) const;
    [[nodiscard]] std::optional<Waited> judge_one(const Wait& wait, const Source& source,
                                                  const Place& place) const;
    void note_behind();
    Ended take_ended();

    const Clock& clock_;
    const std::size_t max_waiting_;
    mutable std::mutex mutex_;  // guards all below
    std::condition_variable came_;
    std::map<std::string, ProjectionState> states_;
    std::map<std::string, Head> heads_;
    std::map<std::pair<std::string, Partition>, Behind> behind_;  // by projection
    std::list<Wait> waits_;
    std::uint64_t arrivals_ = 0;
    bool closed_ = false;
};

}  // namespace foldstream::query
