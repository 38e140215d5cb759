#include "cli/snapshots_command.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <vector>

#include "cli/dispatch.hpp"
#include "cli/operator.hpp"
#include "cli/snapshot_census.hpp"
#include "cli/snapshot_report.hpp"
#include "cli/snapshot_scan.hpp"
#include "cli/snapshots_due.hpp"
#include "common/codec/check.hpp"
#include "common/codec/frame.hpp"
#include "common/codec/partitioner.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/processing/snapshot_record.hpp"
#include "common/replay/place.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"
#include "foldstream/v1/platform.pb.h"

namespace foldstream::cli {

namespace {

struct SnapshotOptions {
    std::string domain;
    std::string key;
    std::optional<std::int32_t> partition;
    std::uint32_t wait_seconds = 30;
    bool yes = false;
};

std::vector<Partition> partitions_asked(const SnapshotOptions& options,
                                        const Connections& connections) {
    const std::int32_t count = partitions_of(connections, kafka::snapshots_topic(options.domain));
    if (options.partition) return {checked_partition(options.domain, *options.partition, count)};
    std::vector<Partition> all;
    for (std::int32_t n = 0; n < count; ++n) all.emplace_back(n);
    return all;
}

template <typename PlatformCommand>
CommandToSend order_record(const fold::DomainModule& domain, SnapshotOrder& order) {
    order.command_id = random_id();
    v1::Command command;
    command.set_command_id(order.command_id);
    command.set_type(PlatformCommand::descriptor()->full_name());
    command.set_content_type(v1::CONTENT_TYPE_PROTOBUF);
    return packed_record(domain, order.partition, {}, command);
}

// True: accepted. Else `order` says how it ended.
bool accepted(const Dispatched& dispatched, std::uint32_t wait_seconds, SnapshotOrder& order) {
    order.waited_seconds = wait_seconds;
    if (!dispatched.entry) {
        const bool nobody_looked = dispatched.offset && wait_seconds == 0;
        order.end = nobody_looked ? SnapshotOrder::End::sent : SnapshotOrder::End::unknown;
        return false;
    }
    order.sequence = dispatched.entry->sequence;
    order.code = dispatched.entry->entry.code();
    if (dispatched.entry->entry.outcome() == v1::OUTCOME_ACCEPTED) return true;
    order.end = SnapshotOrder::End::refused;
    return false;
}

// Reads the log from what the snapshots' marker covers, so that it is known what is dirty.
SnapshotOrder create_in(const SnapshotOptions& options, Partition partition,
                        const Connections& connections, const Console& console) {
    const fold::DomainModule& domain = find_domain(domains::registry(), options.domain);
    LogStart start;
    if (options.wait_seconds > 0) {
        SnapshotCensus census;
        scan_snapshots(connections, console, domain.name, partition,
                       [&](const auto& record) { census.feed(record); });
        if (census.marker() && census.marker()->state_version() == domain.evolve_version) {
            start.position = replay::position_of(census.marker()->covered());
        }
    }
    SnapshotsDue due(domain.evolve_version, start.position.sequence);
    Dispatch dispatch(
        connections, console, domain.name, partition, start, options.wait_seconds,
        [&](const v1::Entry& entry, Sequence sequence) { due.feed(entry, sequence); });
    SnapshotOrder order;
    order.partition = partition;
    const Dispatched sent = dispatch.send(order_record<v1::CreateSnapshots>(domain, order));
    if (!accepted(sent, options.wait_seconds, order)) return order;
    // What changes from now on is another round's.
    const Sequence wanted = due.changed();
    if (due.covers(wanted)) {
        order.end = SnapshotOrder::End::clean;
    } else {
        const bool came = dispatch.watch().wait_until([&] { return due.covers(wanted); },
                                                      std::chrono::seconds(options.wait_seconds));
        order.end = came ? SnapshotOrder::End::written : SnapshotOrder::End::no_marker;
    }
    order.covered = due.covered();
    return order;
}

int create(const SnapshotOptions& options, const Connections& connections, const Console& console) {
    find_domain(domains::registry(), options.domain);
    std::vector<SnapshotOrder> orders;
    bool fine = true;
    for (const Partition partition : partitions_asked(options, connections)) {
        orders.push_back(create_in(options, partition, connections, console));
        fine = fine && orders.back().fine();
        if (!connections.json)
            console.out << order_text(options.domain, orders.back()) << std::endl;
    }
    if (connections.json) console.out << orders_json(options.domain, orders) << '\n';
    return fine ? runtime::exit_fine : runtime::exit_failed;
}

int remove(const SnapshotOptions& options, const Connections& connections, const Console& console) {
    const fold::DomainModule& domain = find_domain(domains::registry(), options.domain);
    SnapshotOrder order;
    order.partition = partitions_asked(options, connections).front();
    const std::string where = domain.name + " partition " + std::to_string(order.partition.value);
    if (!confirmed(console, options.yes,
                   "Shall the snapshots of " + where +
                       " be forgotten? A restore then folds the log from its start, until all of "
                       "them are written again.")) {
        return runtime::exit_failed;
    }
    Dispatch dispatch(connections, console, domain.name, order.partition, options.wait_seconds);
    const Dispatched sent = dispatch.send(order_record<v1::DeleteSnapshots>(domain, order));
    if (accepted(sent, options.wait_seconds, order)) order.end = SnapshotOrder::End::deleted;
    console.out << (connections.json ? orders_json(domain.name, {order})
                                     : order_text(domain.name, order))
                << '\n';
    return order.fine() ? runtime::exit_fine : runtime::exit_failed;
}

int show(const SnapshotOptions& options, const Connections& connections, const Console& console) {
    find_domain(domains::registry(), options.domain);
    if (!codec::is_id(options.key)) {
        throw UsageError("the key must be 1 to 128 letters (A-Z, a-z), digits or any of . _ : ~ -");
    }
    const Partition partition = codec::partition_of(
        options.key, partitions_of(connections, kafka::snapshots_topic(options.domain)));
    SnapshotSearch search(options.key);
    scan_snapshots(connections, console, options.domain, partition,
                   [&](const auto& record) { search.feed(record); });
    const auto found = search.newest();
    if (!found) {
        throw kafka::Error(options.domain + " partition " + std::to_string(partition.value) +
                               " has no snapshot of " + options.key,
                           false);
    }
    console.out << (connections.json ? show_json(options.key, partition, *found) + "\n"
                                     : show_text(options.key, partition, *found));
    return runtime::exit_fine;
}

// Whether the record that @marker names is in the log and holds that marker.
bool holds(std::string_view record, const v1::MarkerPointer& pointer) {
    v1::Entries entries;
    const std::string_view body = codec::body_of(record);
    if (!entries.ParseFromArray(body.data(), static_cast<int>(body.size()))) return false;
    const v1::LogPlace& wanted = pointer.covered();
    for (const v1::Entry& entry : entries.entries()) {
        const v1::LogPlace& covered = entry.marker().covered();
        if (entry.has_marker() && covered.offset() == wanted.offset() &&
            covered.sequence() == wanted.sequence() && covered.link() == wanted.link()) {
            return true;
        }
    }
    return false;
}

// Reads the log from the marker on: fills marker_problem or log_sequence, and stopped.
void read_from_marker(const Connections& connections, const Console& console,
                      const std::string& domain, SnapshotCount& one) {
    const replay::Position place = replay::position_of(one.marker->marker());
    one.marker_problem = "its record is not in the log";
    try {
        LogTail tail(connections.kafka, domain);
        tail.open(one.partition, {place, 0});
        Progress progress(console, "reading " + kafka::events_topic(domain) + " partition " +
                                       std::to_string(one.partition.value));
        tail.read_to_end(
            one.partition,
            [&](const LogTail::Item& item) {
                if (item.record.offset() != place.offset) return true;
                one.marker_problem = "the record that it names holds no such marker";
                if (holds(item.record.value(), *one.marker)) one.marker_problem.reset();
                return true;
            },
            &progress);
        one.log_sequence = tail.log(one.partition).position().sequence;
    } catch (const kafka::Error& error) {
        if (error.retry()) throw;
        if (one.marker_problem) {
            one.marker_problem = error.what();
        } else {
            one.stopped = error.what();
        }
    }
}

SnapshotCount count_in(Partition partition, const std::string& domain,
                       const Connections& connections, const Console& console) {
    SnapshotCensus census;
    scan_snapshots(connections, console, domain, partition,
                   [&](const auto& record) { census.feed(record); });
    SnapshotCount one;
    one.partition = partition;
    one.counts = census.counts();
    one.marker = census.marker();
    if (one.marker && one.marker->reset_id() != census.reset_id()) {
        one.marker_problem = "its owner has not obeyed the last reset";
    } else if (one.marker) {
        read_from_marker(connections, console, domain, one);
    }
    if (one.log_sequence || one.stopped) return one;
    try {
        LogTail tail(connections.kafka, domain);
        tail.open(partition, start_of(connections, console, domain, partition));
        Progress progress(console, "reading " + kafka::events_topic(domain) + " partition " +
                                       std::to_string(partition.value));
        tail.read_to_end(partition, {}, &progress);
        one.log_sequence = tail.log(partition).position().sequence;
    } catch (const kafka::Error& error) {
        if (error.retry()) throw;
        one.stopped = error.what();
    }
    return one;
}

int count(const SnapshotOptions& options, const Connections& connections, const Console& console) {
    find_domain(domains::registry(), options.domain);
    std::vector<SnapshotCount> all;
    for (const Partition partition : partitions_asked(options, connections)) {
        all.push_back(count_in(partition, options.domain, connections, console));
    }
    console.out << (connections.json ? count_json(options.domain, all) + "\n" : count_text(all));
    return runtime::exit_fine;
}

}  // namespace

void add_snapshots(CLI::App& app, const Connections& connections, const Console& console,
                   Action& action) {
    CLI::App* snapshots = app.add_subcommand(
        "snapshots", "what a restore begins at instead of the log's start (D.snapshots)");
    const auto options = std::make_shared<SnapshotOptions>();  // shared: lives in the callbacks
    const auto add = [&, options](const char* name, const char* text, auto perform) {
        CLI::App* command = snapshots->add_subcommand(name, text);
        command->add_option("domain", options->domain, "for example orders")->required();
        command->callback([&, options, perform] {
            action = [&, options, perform] { return perform(*options, connections, console); };
        });
        return command;
    };
    const auto add_partition = [options](CLI::App* command, const char* text) {
        return command->add_option("--partition", options->partition, text)
            ->check(CLI::Range(0, 1'000'000));
    };
    const auto add_wait = [options](CLI::App* command, const char* text) {
        command->add_option("--wait", options->wait_seconds, text)
            ->check(CLI::Range(0, 3'600))
            ->capture_default_str();
    };

    CLI::App* creating =
        add("create",
            "have owners write the snapshots that are due now, and wait for the markers that say "
            "so; one partition after the other. Exit code 1 when one is not known to be written",
            create);
    add_partition(creating, "this one alone (default: all)");
    add_wait(creating,
             "seconds to wait for each partition's entry, and as many for its marker; 0: send it "
             "and do not look");

    CLI::App* deleting = add("delete",
                             "have the owner forget a partition's snapshots and write all of them "
                             "anew (when they are suspected to be wrong); asks before",
                             remove);
    add_partition(deleting, "whose")->required();
    add_wait(deleting, "seconds to wait for its entry; 0: send it and do not look");
    deleting->add_flag("--yes", options->yes, "do not ask");

    CLI::App* showing = add(
        "show", "the newest snapshot of an aggregate: cut, sequence, version, slots, bytes", show);
    showing->add_option("key", options->key, "the aggregate's id")->required();

    CLI::App* counting =
        add("count",
            "read D.snapshots, and the log from each marker on: how much there is, and how many "
            "entries a restore has to fold; bytes are those of keys and values",
            count);
    add_partition(counting, "this one alone (default: all)");
}

}  // namespace foldstream::cli
