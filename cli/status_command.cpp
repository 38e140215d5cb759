#include "cli/status_command.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <ostream>

#include "cli/log_tail.hpp"
#include "cli/status_report.hpp"
#include "common/core/clock.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/replay/validity.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds nap{100};
constexpr std::chrono::seconds probe_limit{5};
constexpr std::chrono::seconds silence_limit{10};

// Fills lag_seconds: the age of the oldest record that was not read. What Kafka does not tell in
// time stays open.
void add_ages(const kafka::Settings& settings, ProjectionStatus& projection) {
    kafka::Wakeup wakeup;
    kafka::Reader reader(settings, kafka::events_topic(projection.domain),
                         kafka::ReaderOptions{false, 256, 10}, wakeup);
    std::map<Partition, PartitionStatus*> open;
    for (PartitionStatus& one : projection.partitions) {
        if (one.lag_seconds) continue;
        open[one.partition] = &one;
        reader.start(one.partition, one.seen);
    }
    const SystemClock clock;
    const auto deadline = Steady::now() + probe_limit;
    while (!open.empty() && Steady::now() < deadline) {
        std::erase_if(open, [&](const auto& entry) {
            const auto fetched = reader.next(entry.first);
            if (!fetched) return false;
            if (const auto* record = std::get_if<kafka::Record>(&*fetched)) {
                entry.second->lag_seconds =
                    static_cast<double>(clock.wall_ms() - record->append_time_ms()) / 1000.0;
                return true;
            }
            const auto* error = std::get_if<kafka::PartitionError>(&*fetched);
            return error != nullptr && !error->transient;
        });
        if (!open.empty()) wakeup.wait(nap);
    }
}

std::uint64_t ignored_of(const replay::Validity& validity) {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < replay::verdict_count; ++i) {
        const auto verdict = static_cast<replay::Verdict>(i);
        if (replay::ignored(verdict)) all += validity.seen(verdict);
    }
    return all;
}

// Reads the whole log: the only way to know its owners for certain.
std::vector<OwnerStatus> read_owners(const kafka::Settings& settings, const std::string& domain,
                                     const Heads& heads) {
    LogTail tail(settings, domain);
    std::map<Partition, OwnerStatus> found;
    for (const auto& [partition, head] : heads) {
        tail.open(partition);
        found[partition].domain = domain;
        found[partition].partition = partition;
    }
    const auto finished = [&](Partition partition, Offset head) {
        return found[partition].stopped || tail.log(partition).seen_offset() >= head;
    };
    auto deadline = Steady::now() + silence_limit;
    for (bool all = false; !all;) {
        all = true;
        for (const auto& [partition, head] : heads) {
            while (!finished(partition, head)) {
                const auto item = tail.next(partition);
                if (!item) break;
                deadline = Steady::now() + silence_limit;
                if (const auto* claim = std::get_if<replay::ValidClaim>(&item->result)) {
                    found[partition].owner = claim->claim.owner();
                } else if (const auto* stop = std::get_if<replay::Stop>(&item->result)) {
                    found[partition].stopped = stop_sentence(domain, partition, *stop);
                }
            }
            all = all && finished(partition, head);
        }
        if (Steady::now() > deadline) {
            throw kafka::Error("Kafka gives nothing of the log of " + domain +
                                   " (brokers: " + settings.brokers + ")",
                               true);
        }
        if (!all) tail.wait(nap);
    }
    std::vector<OwnerStatus> owners;
    for (auto& [partition, owner] : found) {
        const replay::LogReader& log = tail.log(partition);
        owner.epoch = log.position().epoch;
        owner.sequence = log.position().sequence;
        owner.ignored = ignored_of(log.validity());
        owners.push_back(std::move(owner));
    }
    return owners;
}

int status(bool with_owners, const Connections& connections, const Console& console) {
    if (connections.postgres_url.empty()) {
        throw UsageError("--postgres-url (or FOLDSTREAM_POSTGRES_URL) is needed for the status");
    }
    postgres::Connection connection(reading_settings(connections.postgres_url));
    const std::vector<FedGeneration> generations = read_generations(connection);
    // The heads behind the checkpoints: a head that is lower then means a log that was cut.
    kafka::Admin admin(connections.kafka);
    std::map<std::string, Heads> heads;
    for (const auto& domain : domains::registry().domains()) {
        heads[domain->name] = admin.end_offsets(kafka::events_topic(domain->name));
    }
    std::vector<ProjectionStatus> projections;
    for (const FedGeneration& fed : generations) {
        projections.push_back(status_of(fed, heads[fed.domain]));
        add_ages(connections.kafka, projections.back());
    }
    std::vector<OwnerStatus> owners;
    if (with_owners) {
        for (const auto& [domain, ends] : heads) {
            for (OwnerStatus& owner : read_owners(connections.kafka, domain, ends)) {
                owners.push_back(std::move(owner));
            }
        }
    }
    console.out << (connections.json ? status_json(projections, owners) + "\n"
                                     : status_text(projections, owners));
    return runtime::exit_fine;
}

}  // namespace

void add_status(CLI::App& app, const Connections& connections, const Console& console,
                Action& action) {
    const auto with_owners = std::make_shared<bool>(false);  // shared: lives in the callback
    CLI::App* command = app.add_subcommand(
        "status",
        "how far each projection's partitions are: head is the broker's, seen and sequence are the "
        "checkpoint's; lag in records, and in seconds as the age of the oldest record not read");
    command->add_flag("--owners", *with_owners,
                      "also read the logs from their start: epoch and owner of the last valid "
                      "claim, records that do not count");
    command->callback([&, with_owners] {
        action = [&, with_owners] { return status(*with_owners, connections, console); };
    });
}

}  // namespace foldstream::cli
