// A command sent by its topic, and what the log says became of it: for everything in foldctl that
// sends one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/command_request.hpp"
#include "cli/console.hpp"
#include "cli/log_tail.hpp"
#include "cli/outcome_text.hpp"
#include "cli/outcome_watch.hpp"
#include "common/core/ids.hpp"

namespace foldstream::cli {

// Throws kafka::Error when the topic does not exist.
std::int32_t partitions_of(const Connections& connections, const std::string& topic);

// Throws UsageError when the domain has no such partition.
Partition checked_partition(const std::string& domain, std::int32_t partition,
                            std::int32_t partitions);

// A place near the log's end, when Postgres tells one; else the log's start.
LogStart start_of(const Connections& connections, const Console& console, const std::string& domain,
                  Partition partition);

std::string random_id();

struct Dispatched {
    std::optional<Offset> offset;      // nothing: its delivery is not proved
    std::optional<PlacedEntry> entry;  // nothing: none in time, or nobody looked
};

// One command at a time to one partition. All members throw kafka::Error.
class Dispatch {
public:
    // Reads the log to its end, from start_of() on, before anything is sent; not at all when
    // wait_seconds is 0.
    Dispatch(const Connections& connections, const Console& console, const std::string& domain,
             Partition partition, std::uint32_t wait_seconds);
    // From `start` on; `on_entry` hears of all that is read.
    Dispatch(const Connections& connections, const Console& console, const std::string& domain,
             Partition partition, const LogStart& start, std::uint32_t wait_seconds,
             OutcomeWatch::OnEntry on_entry);

    Dispatched send(const CommandToSend& record);
    // What send() found, as the interfaces say it.
    Answer answer(const Dispatched& dispatched, const CommandToSend& record,
                  const std::string& command_id);

    // Only when it waits.
    [[nodiscard]] OutcomeWatch& watch() { return *watch_; }

private:
    const Connections& connections_;
    std::uint32_t wait_seconds_;
    std::unique_ptr<OutcomeWatch> watch_;
};

}  // namespace foldstream::cli
