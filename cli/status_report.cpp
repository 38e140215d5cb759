#include "cli/status_report.hpp"

#include <algorithm>
#include <cstdio>

#include "cli/text_table.hpp"
#include "common/codec/json_object.hpp"

namespace foldstream::cli {

namespace {

std::string seconds_text(const std::optional<double>& seconds) {
    if (!seconds) return "?";
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", *seconds);
    return text;
}

std::string state_text(const PartitionStatus& partition) {
    if (partition.stopped) return "STOPPED: " + *partition.stopped;
    if (!partition.started) return "not started";
    return partition.lag_records == 0 ? "caught up" : "behind";
}

std::string partition_json(const PartitionStatus& partition) {
    codec::JsonObject item;
    item.number("partition", partition.partition.value)
        .number("head", partition.head.value)
        .number("seenOffset", partition.seen.value)
        .number("sequence", partition.sequence.value)
        .number("epoch", partition.epoch.value)
        .number("lagRecords", partition.lag_records);
    if (partition.lag_seconds) {
        item.raw("lagSeconds", seconds_text(partition.lag_seconds));
    } else {
        item.none("lagSeconds");
    }
    item.text("owner", partition.owner).truth("started", partition.started);
    if (partition.stopped) {
        item.text("stopped", *partition.stopped);
    } else {
        item.none("stopped");
    }
    return item.done();
}

std::string owner_json(const OwnerStatus& owner) {
    codec::JsonObject item;
    item.text("domain", owner.domain)
        .number("partition", owner.partition.value)
        .number("epoch", owner.epoch.value)
        .text("owner", owner.owner)
        .number("sequence", owner.sequence.value)
        .number("ignored", owner.ignored);
    if (owner.stopped) {
        item.text("stopped", *owner.stopped);
    } else {
        item.none("stopped");
    }
    return item.done();
}

}  // namespace

ProjectionStatus status_of(const FedGeneration& fed, const Heads& heads) {
    ProjectionStatus status{fed.projection, fed.domain, fed.generation, fed.state, {}};
    for (const auto& [partition, head] : heads) {
        PartitionStatus one;
        one.partition = partition;
        one.head = head;
        const auto at = std::find_if(fed.checkpoints.begin(), fed.checkpoints.end(),
                                     [&](const Checkpoint& c) { return c.partition == partition; });
        one.started = at != fed.checkpoints.end();
        if (one.started) {
            one.seen = at->seen_offset;
            one.sequence = at->place.position.sequence;
            one.epoch = at->place.position.epoch;
            one.owner = at->owner;
            one.stopped = at->stopped;
        }
        one.lag_records = std::max<std::int64_t>(0, head.value - one.seen.value);
        if (one.seen > head) {
            one.stopped = one.stopped.value_or(
                "the log ends before what was applied: it was recreated or cut");
        }
        if (one.lag_records == 0) one.lag_seconds = 0.0;
        status.partitions.push_back(std::move(one));
    }
    return status;
}

std::string status_text(const std::vector<ProjectionStatus>& projections,
                        const std::vector<OwnerStatus>& owners) {
    std::vector<std::vector<std::string>> rows{{"PROJECTION", "GEN", "PARTITION", "HEAD", "SEEN",
                                                "SEQUENCE", "LAG RECORDS", "LAG SECONDS", "EPOCH",
                                                "OWNER", "STATE"}};
    for (const ProjectionStatus& projection : projections) {
        std::string generation = std::to_string(projection.generation.value);
        if (projection.state != "active") generation += " " + projection.state;
        for (const PartitionStatus& one : projection.partitions) {
            rows.push_back({projection.projection, generation, std::to_string(one.partition.value),
                            std::to_string(one.head.value), std::to_string(one.seen.value),
                            std::to_string(one.sequence.value), std::to_string(one.lag_records),
                            seconds_text(one.lag_seconds), std::to_string(one.epoch.value),
                            one.owner.empty() ? "-" : one.owner, state_text(one)});
        }
    }
    std::string out = text_table(rows);
    if (owners.empty()) return out;
    rows = {{"LOG", "PARTITION", "EPOCH", "SEQUENCE", "IGNORED", "OWNER", "STATE"}};
    for (const OwnerStatus& one : owners) {
        rows.push_back({one.domain + ".events", std::to_string(one.partition.value),
                        std::to_string(one.epoch.value), std::to_string(one.sequence.value),
                        std::to_string(one.ignored), one.owner.empty() ? "nobody yet" : one.owner,
                        one.stopped ? "UNREADABLE: " + *one.stopped : "readable"});
    }
    return out + "\n" + text_table(rows);
}

std::string status_json(const std::vector<ProjectionStatus>& projections,
                        const std::vector<OwnerStatus>& owners) {
    std::vector<std::string> items;
    for (const ProjectionStatus& projection : projections) {
        std::vector<std::string> partitions;
        for (const PartitionStatus& one : projection.partitions) {
            partitions.push_back(partition_json(one));
        }
        codec::JsonObject item;
        item.text("projection", projection.projection)
            .text("domain", projection.domain)
            .number("generation", projection.generation.value)
            .text("state", projection.state)
            .raw("partitions", codec::json_array(partitions));
        items.push_back(item.done());
    }
    std::vector<std::string> logs;
    for (const OwnerStatus& one : owners) logs.push_back(owner_json(one));
    codec::JsonObject all;
    all.raw("projections", codec::json_array(items)).raw("logs", codec::json_array(logs));
    return all.done();
}

}  // namespace foldstream::cli
