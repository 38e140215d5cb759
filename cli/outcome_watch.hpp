// Finds in the log what became of a command.
#pragma once

#include <chrono>
#include <functional>
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
    // Hears of every valid entry that is read, in order.
    using OnEntry = std::function<void(const v1::Entry&, Sequence)>;

    OutcomeWatch(const kafka::Settings& settings, std::string domain, Partition partition,
                 const LogStart& start, OnEntry on_entry = {});

    // Reads to the log's present end. Throws kafka::Error when the log cannot be read, or when
    // Kafka gives nothing for 10 s.
    void catch_up(Progress* progress = nullptr);

    // The final entry of the command whose record stands at `command`; nothing when it does not
    // come in time. Throws kafka::Error when the log cannot be read on.
    std::optional<PlacedEntry> wait_for(Offset command, std::chrono::milliseconds at_most);

    // Reads on until `done`, which is asked first and after every record; false: not in time.
    bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds at_most);

private:
    // The next valid entries; nothing when there are none at the moment.
    std::optional<replay::ValidEntries> next();
    void tell(const replay::ValidEntries& entries) const;

    kafka::Settings settings_;
    std::string domain_;
    Partition partition_;
    OnEntry on_entry_;
    LogTail tail_;
};

// The entry with that sequence, read from the log's start. Throws kafka::Error, also when there is
// none.
PlacedEntry entry_at(const kafka::Settings& settings, const std::string& domain,
                     Partition partition, Sequence sequence, Progress* progress = nullptr);

}  // namespace foldstream::cli
