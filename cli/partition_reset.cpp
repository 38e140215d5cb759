#include "cli/partition_reset.hpp"

#include <algorithm>
#include <ostream>
#include <vector>

#include "cli/dispatch.hpp"
#include "cli/log_tail.hpp"
#include "cli/operator.hpp"
#include "cli/partition_report.hpp"
#include "cli/snapshot_census.hpp"
#include "cli/snapshot_scan.hpp"
#include "cli/topic_writer.hpp"
#include "common/core/clock.hpp"
#include "common/core/random.hpp"
#include "common/core/uuid.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/processing/snapshot_record.hpp"
#include "common/replay/place.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

// Reads the whole log: a place that somebody has stored is just what cannot be believed.
ResetView look(const ResetOptions& options, Partition partition, const SnapshotCensus& census,
               const Connections& connections, const Console& console) {
    ResetView view;
    view.domain = options.domain;
    view.partition = partition;
    view.relies_on = census.relies_on();
    view.has_it = view.relies_on.offset.value < 0;
    LogTail tail(connections.kafka, options.domain);
    tail.open(partition);
    const replay::LogReader& log = tail.log(partition);
    Progress progress(console, "reading " + kafka::events_topic(options.domain) + " partition " +
                                   std::to_string(partition.value));
    tail.read_to_end(
        partition,
        [&](const LogTail::Item& item) {
            if (item.record.offset() == view.relies_on.offset) {
                view.has_it = log.position() == view.relies_on;
            }
            return true;
        },
        &progress);
    view.log = log.position();
    view.log_end = log.seen_offset();
    view.keys = static_cast<std::size_t>(
        std::count_if(census.live().begin(), census.live().end(),
                      [](const auto& one) { return one.first != processing::reset_key; }));
    return view;
}

// The pointer first: no restore may begin at a marker whose snapshots are going. The reset last:
// who obeys it finds nothing else.
Reset write(const ResetOptions& options, const ResetView& view, const SnapshotCensus& census,
            const Connections& connections) {
    TopicWriter writer(connections.kafka, kafka::snapshots_topic(options.domain), view.partition);
    const auto prove = [&](const char* what) {
        if (const auto offset = writer.prove()) return *offset;
        throw kafka::Error(std::string(what) +
                               ": the delivery is not proved. The partition stands still as "
                               "before; say it again when Kafka is well",
                           true);
    };
    constexpr std::string_view tombstone;
    writer.write(processing::marker_key, tombstone);
    prove("the tombstone of @marker");
    for (const auto& [key, bytes] : census.live()) {
        if (key == processing::marker_key || key == processing::reset_key) continue;
        writer.write(key, tombstone);
    }
    prove("the tombstones of the snapshots");
    KernelRandom random;
    const Uuid id = Uuid::random(random);
    Reset reset;
    reset.id = id.text();
    reset.deleted = view.keys;
    reset.who = operator_name();
    v1::PartitionReset word;
    word.set_id(id.raw());
    if (view.log.offset.value >= 0) *word.mutable_end() = replay::place_of(view.log);
    word.set_who(reset.who);
    word.set_why(options.why);
    word.set_time_ms(SystemClock().wall_ms());
    writer.write(processing::reset_key, word.SerializeAsString());
    reset.record = prove("the reset");
    return reset;
}

}  // namespace

int reset(const ResetOptions& options, const Connections& connections, const Console& console) {
    find_domain(domains::registry(), options.domain);
    const Partition partition =
        checked_partition(options.domain, options.partition,
                          partitions_of(connections, kafka::snapshots_topic(options.domain)));
    SnapshotCensus census;
    scan_snapshots(connections, console, options.domain, partition,
                   [&](const auto& record) { census.feed(record); });
    const ResetView view = look(options, partition, census, connections, console);
    std::ostream& shown = connections.json ? console.err : console.out;
    shown << reset_view_text(view) << std::flush;
    if (!confirmed(console, options.yes, reset_question(view))) return runtime::exit_failed;
    const Reset done = write(options, view, census, connections);
    console.out << (connections.json ? reset_json(view, done) + "\n" : reset_text(view, done));
    return runtime::exit_fine;
}

}  // namespace foldstream::cli
