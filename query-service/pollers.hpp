// The two threads that feed the board: applied positions from Postgres, the log's ends from Kafka.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/core/clock.hpp"
#include "common/kafka/settings.hpp"
#include "common/postgres/pool.hpp"
#include "common/runtime/log.hpp"
#include "query-service/position_board.hpp"

namespace foldstream::query {

// When a loop last came round. Any thread.
class Turns {
public:
    explicit Turns(const Clock& clock) : clock_(clock), last_(clock.steady()) {}
    void turn() { last_ = clock_.steady(); }
    [[nodiscard]] std::chrono::milliseconds age() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() -
                                                                     last_.load());
    }

private:
    const Clock& clock_;
    std::atomic<std::chrono::steady_clock::time_point> last_;
};

// What a loop cannot do at the moment. Any thread. Stands in the log once when it begins, the first
// turn included, and once when it ends.
class Trouble {
public:
    Trouble(std::string logger, std::string fine, std::string failing);
    void note(std::string why);  // empty: none
    [[nodiscard]] std::string why() const;

private:
    const runtime::Logger log_;
    const std::string fine_;
    const std::string failing_;
    mutable std::mutex mutex_;
    std::string why_ = "not asked yet";
    bool told_ = false;
};

// Reads all checkpoints once an interval, and every 20 ms while somebody waits. A server that
// cannot be reached is asked again, for ever; the board keeps what it knew. Ends when the board is
// closed.
class CheckpointPoller {
public:
    CheckpointPoller(PositionBoard& board, postgres::ConnectionSettings settings,
                     std::chrono::milliseconds interval, const Clock& clock);
    ~CheckpointPoller();
    // Empty, or why the checkpoints are not known at the moment.
    [[nodiscard]] std::string trouble() const { return trouble_.why(); }
    // How long ago the loop last came round, whether or not anybody answered.
    [[nodiscard]] std::chrono::milliseconds standing_for() const { return turns_.age(); }

private:
    void run();
    void poll();

    PositionBoard& board_;
    postgres::Pool pool_;
    std::chrono::milliseconds interval_;
    Turns turns_;
    Trouble trouble_{"checkpoints", "checkpoints are read", "cannot read the checkpoints"};
    std::thread thread_;
};

// What a record at the end of a log tells.
struct Glimpse {
    std::int64_t append_time_ms = 0;
    std::optional<Sequence> last;  // the sequence of its last entry; none when it has no entries
};

// The logs' ends. Both throw kafka::Error.
class LogEnds {
public:
    virtual ~LogEnds() = default;
    virtual std::map<Partition, Offset> ends(const std::string& domain) = 0;
    // The record at this offset, or nothing when there is none.
    virtual std::optional<Glimpse> look(const std::string& domain, Partition partition,
                                        Offset offset) = 0;
};

// Throws kafka::SettingError.
std::unique_ptr<LogEnds> kafka_log_ends(kafka::Settings settings);

// Asks for the ends once a second, and every 100 ms while somebody waits; looks at single records
// of partitions that stay behind for more than a second. Ends when the board is closed.
class HeadProbe {
public:
    HeadProbe(PositionBoard& board, std::unique_ptr<LogEnds> logs, std::vector<std::string> domains,
              const Clock& clock);
    ~HeadProbe();
    // Empty, or why the ends are not known at the moment.
    [[nodiscard]] std::string trouble() const { return trouble_.why(); }
    // How long ago the loop last came round, whether or not anybody answered.
    [[nodiscard]] std::chrono::milliseconds standing_for() const { return turns_.age(); }

private:
    void run();
    void probe();
    void look_behind();

    PositionBoard& board_;
    std::unique_ptr<LogEnds> logs_;
    std::vector<std::string> domains_;
    const Clock& clock_;
    Turns turns_;
    Trouble trouble_{"heads", "the logs' ends are read", "cannot read the logs' ends"};
    std::thread thread_;
};

}  // namespace foldstream::query
