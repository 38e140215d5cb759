#include "cli/snapshot_report.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/text_table.hpp"
#include "common/codec/json_object.hpp"

namespace foldstream::cli {

namespace {

template <typename Number>
std::string text_of(const std::optional<Number>& number) {
    return number ? std::to_string(*number) : "?";
}

std::string marker_state(const SnapshotCount& one) {
    if (!one.marker) return "no marker";
    return one.marker_problem ? "NOT VALID: " + *one.marker_problem : "valid";
}

std::string marker_json(const SnapshotCount& one) {
    codec::JsonObject marker;
    marker.number("sequence", one.marker->covered().sequence())
        .number("offset", one.marker->marker().offset())
        .number("epoch", one.marker->marker().epoch())
        .number("stateVersion", one.marker->state_version())
        .truth("valid", !one.marker_problem);
    if (one.marker_problem) {
        marker.text("problem", *one.marker_problem);
    } else {
        marker.none("problem");
    }
    return marker.done();
}

std::string_view end_name(SnapshotOrder::End end) {
    static constexpr std::array<std::string_view, 7> names = {
        "written", "clean", "deleted", "no-marker", "sent", "refused", "unknown"};
    return names[static_cast<std::size_t>(end)];
}

}  // namespace

std::optional<std::uint64_t> SnapshotCount::behind() const {
    if (!log_sequence) return std::nullopt;
    const bool begins = marker && !marker_problem;
    const std::uint64_t covered = begins ? marker->covered().sequence() : 0;
    return log_sequence->value - std::min(covered, log_sequence->value);
}

std::string count_text(const std::vector<SnapshotCount>& partitions) {
    std::vector<std::vector<std::string>> rows{{"PARTITION", "AGGREGATES", "RECORDS", "BYTES",
                                                "SUPERFLUOUS", "COVERED SEQUENCE", "ENTRIES BEHIND",
                                                "MARKER"}};
    for (const SnapshotCount& one : partitions) {
        rows.push_back({std::to_string(one.partition.value), std::to_string(one.counts.aggregates),
                        std::to_string(one.counts.records), std::to_string(one.counts.bytes),
                        std::to_string(one.counts.superfluous),
                        one.marker ? std::to_string(one.marker->covered().sequence()) : "-",
                        text_of(one.behind()), marker_state(one)});
    }
    std::string text = text_table(rows);
    for (const SnapshotCount& one : partitions) {
        if (one.stopped) {
            text += "partition " + std::to_string(one.partition.value) +
                    ": the log cannot be read: " + *one.stopped + "\n";
        }
    }
    return text;
}

std::string count_json(const std::string& domain, const std::vector<SnapshotCount>& partitions) {
    std::vector<std::string> items;
    for (const SnapshotCount& one : partitions) {
        codec::JsonObject item;
        item.number("partition", one.partition.value)
            .number("aggregates", one.counts.aggregates)
            .number("records", one.counts.records)
            .number("bytes", one.counts.bytes)
            .number("superfluous", one.counts.superfluous)
            .raw("marker", one.marker ? marker_json(one) : "null");
        const auto behind = one.behind();
        item.raw("logSequence", one.log_sequence ? std::to_string(one.log_sequence->value) : "null")
            .raw("entriesBehind", behind ? std::to_string(*behind) : "null");
        if (one.stopped) {
            item.text("stopped", *one.stopped);
        } else {
            item.none("stopped");
        }
        items.push_back(item.done());
    }
    codec::JsonObject all;
    all.text("domain", domain).raw("partitions", codec::json_array(items));
    return all.done();
}

std::string show_text(const std::string& key, Partition partition,
                      const SnapshotSearch::Found& found) {
    const v1::StoredAggregate& aggregate = found.snapshot.aggregate();
    return text_table({{"AGGREGATE", "PARTITION", "CUT", "SEQUENCE", "VERSION", "STATE VERSION",
                        "SLOTS", "BYTES", "OFFSET"},
                       {key, std::to_string(partition.value), std::to_string(found.cut.value),
                        std::to_string(aggregate.sequence()), std::to_string(aggregate.version()),
                        std::to_string(found.snapshot.state_version()),
                        std::to_string(found.snapshot.slots_size()), std::to_string(found.bytes),
                        std::to_string(found.offset.value)}});
}

std::string show_json(const std::string& key, Partition partition,
                      const SnapshotSearch::Found& found) {
    const v1::StoredAggregate& aggregate = found.snapshot.aggregate();
    codec::JsonObject item;
    item.text("aggregateId", key)
        .number("partition", partition.value)
        .number("cut", found.cut.value)
        .number("sequence", aggregate.sequence())
        .number("version", aggregate.version())
        .number("stateVersion", found.snapshot.state_version())
        .truth("broken", aggregate.broken())
        .number("slots", found.snapshot.slots_size())
        .number("bytes", found.bytes)
        .number("offset", found.offset.value);
    return item.done();
}

std::string order_text(const std::string& domain, const SnapshotOrder& order) {
    using enum SnapshotOrder::End;
    const std::string covered = "everything up to sequence " + std::to_string(order.covered.value);
    const std::string waited = std::to_string(order.waited_seconds) + " s";
    std::string text = domain + " partition " + std::to_string(order.partition.value) + ": ";
    switch (order.end) {
        case written:
            return text + "snapshots are written; a valid marker covers " + covered;
        case clean:
            if (order.covered.value == 0) return text + "there is nothing to write";
            return text + "nothing has changed since the last snapshots, which cover " + covered;
        case deleted:
            return text + "accepted, sequence " + std::to_string(order.sequence->value) +
                   ": the owner claims anew, deletes them and writes all of them again (foldctl "
                   "snapshots count " +
                   domain + ")";
        case no_marker:
            return text + "accepted, sequence " + std::to_string(order.sequence->value) +
                   ", but no marker came within " + waited +
                   ": perhaps it is still being written (--wait; foldctl snapshots count " +
                   domain + ")";
        case sent:
            return text + "sent";
        case refused:
            return text + "refused: " + order.code;
        case unknown:
            return text + "the outcome is unknown: no entry within " + waited +
                   ", or the delivery is not proved. Is the command-service running? (--wait)";
    }
    return text;
}

std::string orders_json(const std::string& domain, const std::vector<SnapshotOrder>& orders) {
    std::vector<std::string> items;
    for (const SnapshotOrder& order : orders) {
        codec::JsonObject item;
        item.number("partition", order.partition.value)
            .text("status", end_name(order.end))
            .text("commandId", order.command_id);
        if (order.sequence) {
            item.text("position", domain + ":" + std::to_string(order.partition.value) + ":" +
                                      std::to_string(order.sequence->value));
        } else {
            item.none("position");
        }
        item.number("coveredSequence", order.covered.value).text("code", order.code);
        items.push_back(item.done());
    }
    codec::JsonObject all;
    all.text("domain", domain).raw("partitions", codec::json_array(items));
    return all.done();
}

}  // namespace foldstream::cli
