#include "common/processing/owner_probe.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "common/processing/decider.hpp"

namespace foldstream::processing {

namespace {

runtime::Labels labels_of(const std::string& domain, Partition partition) {
    return {{"domain", domain}, {"partition", std::to_string(partition.value)}};
}

double seconds(std::chrono::steady_clock::duration d) {
    return std::chrono::duration<double>(d).count();
}

// "CreateOrder" of "foldstream.orders.v1.CreateOrder"; "unknown" where none could be decoded.
std::string short_type(const std::string& full) {
    if (full.empty()) return "unknown";
    return full.substr(full.rfind('.') + 1);
}

std::string outcome_text(v1::Outcome outcome) {
    static constexpr std::array<std::string_view, 9> texts = {
        "unspecified", "accepted", "refused",   "duplicate", "dry-run",
        "held",        "queued",   "scheduled", "forwarded"};
    const auto at = static_cast<std::size_t>(outcome);
    return std::string(at < texts.size() ? texts[at] : texts[0]);
}

}  // namespace

OwnerProbe::OwnerProbe(runtime::Metrics& metrics, std::string domain, Partition partition)
    : metrics_(metrics),
      domain_(std::move(domain)),
      fenced_(metrics.counter(
          "foldstream_fenced_total",
          "Times that an owner dropped what it had decided ahead and claimed anew")),
      epoch_(metrics.gauge("foldstream_epoch", "Epoch of the partition's log, as last read",
                           labels_of(domain_, partition))),
      window_(metrics.gauge("foldstream_readback_window_entries",
                            "Entries that are decided and not yet read back",
                            labels_of(domain_, partition))),
      unowned_(metrics.gauge("foldstream_partition_unowned_seconds",
                             "Seconds since the partition is assigned here without being owned, "
                             "because it stands still, too",
                             labels_of(domain_, partition))),
      stopped_(
          metrics.gauge("foldstream_owner_stopped",
                        "1: the partition stands still until an operator acts; the log says why",
                        labels_of(domain_, partition))),
      held_back_(metrics.gauge("foldstream_commands_held_back_seconds",
                               "Seconds since a transaction that is left open holds back the "
                               "partition's commands; 10 or more are an alarm",
                               labels_of(domain_, partition))),
      careful_(metrics.gauge("foldstream_careful_commands",
                             "Commands that are left to be decided one at a time, because owners "
                             "before got nowhere",
                             labels_of(domain_, partition))),
      attempts_(metrics.counter(
          "foldstream_command_attempts_total",
          "Attempts at single commands that ended their owner, counted by the next one",
          {{"domain", domain_}})),
      crashed_(metrics.counter("foldstream_commands_crashed_total",
                               "Commands refused `crashed`: foldctl commands list --crashed",
                               {{"domain", domain_}})),
      takeover_(metrics.histogram("foldstream_takeover_seconds",
                                  "From the assignment to the first command that is decided",
                                  runtime::duration_buckets())),
      read_back_(metrics.histogram("foldstream_readback_seconds",
                                   "From producing a record to reading it back",
                                   runtime::duration_buckets())),
      duration_(metrics.histogram("foldstream_command_duration_seconds",
                                  "From the command's append time to the read-back of its entry",
                                  runtime::duration_buckets(), {{"domain", domain_}})),
      snapshots_(metrics, domain_, partition) {}

void OwnerProbe::claim(const std::string& result) {
    metrics_
        .counter("foldstream_claims_total", "Claims by what became of them", {{"result", result}})
        .Increment();
}

void OwnerProbe::fenced() { fenced_.Increment(); }

void OwnerProbe::ignored(replay::Verdict verdict) {
    metrics_
        .counter("foldstream_ignored_records_total",
                 "Records of a log that do not count, by reason; damaged and impossible are alarms",
                 {{"reason", std::string(replay::name(verdict))}})
        .Increment();
}

void OwnerProbe::epoch(Epoch epoch) { epoch_.Set(static_cast<double>(epoch.value)); }
void OwnerProbe::window(std::size_t entries) { window_.Set(static_cast<double>(entries)); }
void OwnerProbe::takeover(std::chrono::steady_clock::duration lasted) {
    takeover_.Observe(seconds(lasted));
}
void OwnerProbe::read_back(std::chrono::steady_clock::duration lasted) {
    read_back_.Observe(seconds(lasted));
}
void OwnerProbe::unowned(std::chrono::steady_clock::duration since) {
    unowned_.Set(seconds(since));
}
void OwnerProbe::left() {
    stopped(false);
    unowned({});
    held_back({});
    careful(0);
    window(0);
    snapshots_.marker_age({});
}
void OwnerProbe::stopped(bool is) { stopped_.Set(is ? 1 : 0); }
void OwnerProbe::held_back(std::chrono::steady_clock::duration since) {
    held_back_.Set(seconds(since));
}
void OwnerProbe::careful(std::size_t commands) { careful_.Set(static_cast<double>(commands)); }

void OwnerProbe::attempt_failed() { attempts_.Increment(); }
void OwnerProbe::final(const v1::Entry& entry) {
    if (entry.code() == crashed_code) crashed_.Increment();
}

void OwnerProbe::outcome(std::string_view command_type, v1::Outcome outcome, double duration) {
    auto of_type = outcomes_.find(command_type);
    if (of_type == outcomes_.end())
        of_type = outcomes_.try_emplace(std::string(command_type)).first;
    auto& counter = of_type->second[outcome];
    if (counter == nullptr) {
        counter = &metrics_.counter("foldstream_commands_total", "Commands by type and outcome",
                                    {{"domain", domain_},
                                     {"type", short_type(std::string(command_type))},
                                     {"outcome", outcome_text(outcome)}});
    }
    counter->Increment();
    duration_.Observe(duration);
}

}  // namespace foldstream::processing
