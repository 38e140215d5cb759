#include "cli/outcome_watch.hpp"

#include <utility>
#include <variant>

#include "common/fold/codes.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds nap{100};

}  // namespace

OutcomeWatch::OutcomeWatch(const kafka::Settings& settings, std::string domain, Partition partition,
                           const LogStart& start, OnEntry on_entry)
    : settings_(settings),
      domain_(std::move(domain)),
      partition_(partition),
      on_entry_(std::move(on_entry)),
      tail_(settings, domain_) {
    tail_.open(partition, start);
}

void OutcomeWatch::tell(const replay::ValidEntries& entries) const {
    if (!on_entry_) return;
    Sequence sequence = entries.first;
    for (const v1::Entry& entry : entries.body.entries()) {
        on_entry_(entry, sequence);
        ++sequence.value;
    }
}

std::optional<replay::ValidEntries> OutcomeWatch::next() {
    while (auto item = tail_.next(partition_)) {
        throw_if_stopped(domain_, partition_, *item);
        if (auto* entries = std::get_if<replay::ValidEntries>(&item->result)) {
            tell(*entries);
            return std::move(*entries);
        }
    }
    return std::nullopt;
}

void OutcomeWatch::catch_up(Progress* progress) {
    tail_.read_to_end(
        partition_,
        [this](const LogTail::Item& item) {
            if (const auto* entries = std::get_if<replay::ValidEntries>(&item.result)) {
                tell(*entries);
            }
            return true;
        },
        progress);
}

bool OutcomeWatch::wait_until(const std::function<bool()>& done,
                              std::chrono::milliseconds at_most) {
    const auto deadline = Clock::now() + at_most;
    while (!done()) {
        if (next()) continue;
        if (Clock::now() >= deadline) return false;
        tail_.wait(nap);
    }
    return true;
}

std::optional<PlacedEntry> OutcomeWatch::wait_for(Offset command,
                                                  std::chrono::milliseconds at_most) {
    const auto wanted = static_cast<std::uint64_t>(command.value);
    const auto deadline = Clock::now() + at_most;
    std::optional<Sequence> waiting;  // the command's entry that was not final
    for (;;) {
        while (auto entries = next()) {
            Sequence sequence = entries->first;
            for (v1::Entry& entry : *entries->body.mutable_entries()) {
                const bool first = entry.has_command() && entry.command().offset() == wanted;
                const bool later =
                    waiting && entry.has_waiting() && entry.waiting().sequence() == waiting->value;
                if (first || later) {
                    if (fold::is_final(entry.outcome())) {
                        return PlacedEntry{partition_, sequence, std::move(entry)};
                    }
                    waiting = sequence;
                }
                ++sequence.value;
            }
        }
        if (Clock::now() >= deadline) return std::nullopt;
        tail_.wait(nap);
    }
}

PlacedEntry entry_at(const kafka::Settings& settings, const std::string& domain,
                     Partition partition, Sequence sequence, Progress* progress) {
    LogTail from_start(settings, domain);
    from_start.open(partition);
    std::optional<PlacedEntry> found;
    const auto look = [&](const LogTail::Item& item) {
        const auto* entries = std::get_if<replay::ValidEntries>(&item.result);
        if (entries == nullptr || sequence < entries->first) return !found;
        const std::uint64_t index = sequence.value - entries->first.value;
        if (index < static_cast<std::uint64_t>(entries->body.entries_size())) {
            found =
                PlacedEntry{partition, sequence, entries->body.entries(static_cast<int>(index))};
        }
        return !found;
    };
    from_start.read_to_end(partition, look, progress);
    if (found) return std::move(*found);
    throw kafka::Error("the log " + kafka::events_topic(domain) + " partition " +
                           std::to_string(partition.value) + " has no entry with the sequence " +
                           std::to_string(sequence.value),
                       false);
}

}  // namespace foldstream::cli
