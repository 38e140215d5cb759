// Finds in the log what became of a command.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/log_tail.hpp"
#include "cli/outcome_text.hpp"
#include "common/core/ids.hpp"
#include "common/kafka/settings.hpp"

namespace foldstream::cli {

// Made and caught up before the command is produced, so that the wait afterwards is for the owner
// alone. One thread.
class OutcomeWatch {
public:
    OutcomeWatch(const kafka::Settings& settings, std::string domain, Partition partition,
                 const LogStart& start);

    // Reads to the log's present end. Throws kafka::Error when the log cannot be read, or when
    // Kafka gives nothing for 10 s.
    void catch_up();

    // The final entry of the command whose record stands at `command`; nothing when it does not
    // come in time. Throws kafka::Error when the log cannot be read on.
    std::optional<PlacedEntry> wait_for(Offset command, std::chrono::milliseconds at_most);

    // The entry with that sequence, read from the log's start. Throws kafka::Error.
    PlacedEntry first_entry(Sequence sequence);

private:
    // The next valid entries; nothing when there are none at the moment.
    std::optional<replay::ValidEntries> next(LogTail& tail);

    kafka::Settings settings_;
    std::string domain_;
    Partition partition_;
    LogTail tail_;
};

}  // namespace foldstream::cli
