#include "cli/outcome_watch.hpp"

#include <utility>
#include <variant>

#include "common/kafka/error.hpp"

namespace foldstream::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds nap{100};
constexpr std::chrono::seconds silence_limit{10};

}  // namespace

OutcomeWatch::OutcomeWatch(const kafka::Settings& settings, std::string domain, Partition partition,
                           const LogStart& start)
    : settings_(settings),
      domain_(std::move(domain)),
      partition_(partition),
      tail_(settings, domain_) {
    tail_.open(partition, start);
}

std::optional<replay::ValidEntries> OutcomeWatch::next(LogTail& tail) {
    while (auto item = tail.next(partition_)) {
        if (auto* entries = std::get_if<replay::ValidEntries>(&item->result)) {
            return std::move(*entries);
        }
        if (const auto* stop = std::get_if<replay::Stop>(&item->result)) {
            throw kafka::Error(
                "cannot read the log on: " + stop_sentence(domain_, partition_, *stop), false);
        }
    }
    return std::nullopt;
}

void OutcomeWatch::catch_up() {
    auto deadline = Clock::now() + silence_limit;
    for (;;) {
        const Offset before = tail_.log(partition_).seen_offset();
        while (next(tail_)) {
        }
        if (tail_.at_end(partition_)) return;
        if (tail_.log(partition_).seen_offset() != before) deadline = Clock::now() + silence_limit;
        if (Clock::now() > deadline) {
            throw kafka::Error("Kafka gives nothing of the log " + domain_ + ".events partition " +
                                   std::to_string(partition_.value) +
                                   " (brokers: " + settings_.brokers + ")",
                               true);
        }
        tail_.wait(nap);
    }
}

std::optional<PlacedEntry> OutcomeWatch::wait_for(Offset command,
                                                  std::chrono::milliseconds at_most) {
    const auto wanted = static_cast<std::uint64_t>(command.value);
    const auto deadline = Clock::now() + at_most;
    std::optional<Sequence> waiting;  // the command's entry that was not final
    for (;;) {
        while (auto entries = next(tail_)) {
            Sequence sequence = entries->first;
            for (v1::Entry& entry : *entries->body.mutable_entries()) {
                const bool first = entry.has_command() && entry.command().offset() == wanted;
                const bool later =
                    waiting && entry.has_waiting() && entry.waiting().sequence() == waiting->value;
                if (first || later) {
                    if (is_final(entry)) {
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

PlacedEntry OutcomeWatch::first_entry(Sequence sequence) {
    LogTail from_start(settings_, domain_);
    from_start.open(partition_);
    auto deadline = Clock::now() + silence_limit;
    for (;;) {
        while (auto entries = next(from_start)) {
            deadline = Clock::now() + silence_limit;
            const std::uint64_t index = sequence.value - entries->first.value;
            if (sequence < entries->first ||
                index >= static_cast<std::uint64_t>(entries->body.entries_size())) {
                continue;
            }
            return {partition_, sequence,
                    std::move(*entries->body.mutable_entries(static_cast<int>(index)))};
        }
        if (Clock::now() > deadline) {
            throw kafka::Error("the first entry of this command, sequence " +
                                   std::to_string(sequence.value) + ", was not found in the log",
                               false);
        }
        from_start.wait(nap);
    }
}

}  // namespace foldstream::cli
