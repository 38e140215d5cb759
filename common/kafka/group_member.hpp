// Membership in a consumer group, for its assignment only: nothing is ever fetched here. The group
// only suggests who works on a partition; safety never depends on it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "common/core/ids.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::kafka {

struct GroupOptions {
    std::chrono::milliseconds session_timeout{10'000};
    std::chrono::milliseconds heartbeat_interval{3'000};
    std::chrono::milliseconds max_poll_interval{45'000};
};

// One thread. Joins at construction, assignor roundrobin. Rings `wakeup` when poll() has something
// to do.
class GroupMember {
public:
    GroupMember(const Settings& settings, std::string group, std::string topic,
                const GroupOptions& options, Wakeup& wakeup);
    // Leaves the group.
    ~GroupMember();

    // Serves the group; must be called at least every few seconds. True when the assignment
    // changed.
    bool poll();
    [[nodiscard]] const std::set<Partition>& assigned() const;
    // True once the group has answered with an assignment, be it an empty one.
    [[nodiscard]] bool joined() const;
    // Commits the offsets to read next, asynchronously, best effort: only lag tools read them.
    void commit(const std::map<Partition, Offset>& next);
    // What was committed last, by whomever; blocks for up to 5 s. For tests of those tools.
    std::optional<std::uint64_t> committed(Partition partition);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldstream::kafka
