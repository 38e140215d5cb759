// The metrics of an owner and its answers: dashboards and alerts rely on the names.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "common/processing/kafka_ports.hpp"
#include "common/processing/owner_probe.hpp"

namespace foldstream::processing {
namespace {

std::set<std::string> names(const runtime::Metrics& metrics) {
    std::set<std::string> found;
    std::istringstream lines(metrics.exposition());
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) found.insert(line.substr(7, line.find(' ', 7) - 7));
    }
    return found;
}

TEST(Metrics, of_an_owner_are_these) {
    runtime::Metrics metrics;
    OwnerProbe probe(metrics, "orders", Partition(0));
    probe.claim("sent");
    probe.ignored(replay::Verdict::stale);
    probe.outcome("", v1::OUTCOME_ACCEPTED, 0.1);
    std::unique_ptr<kafka::Producer> nobody;
    KafkaReplies replies(nobody, 0, metrics);
    EXPECT_EQ(names(metrics), (std::set<std::string>{"foldstream_careful_commands",
                                                     "foldstream_claims_total",
                                                     "foldstream_command_attempts_total",
                                                     "foldstream_command_duration_seconds",
                                                     "foldstream_commands_crashed_total",
                                                     "foldstream_commands_held_back_seconds",
                                                     "foldstream_commands_total",
                                                     "foldstream_epoch",
                                                     "foldstream_fenced_total",
                                                     "foldstream_ignored_records_total",
                                                     "foldstream_owner_stopped",
                                                     "foldstream_partition_unowned_seconds",
                                                     "foldstream_readback_seconds",
                                                     "foldstream_readback_window_entries",
                                                     "foldstream_replies_total",
                                                     "foldstream_restores_total",
                                                     "foldstream_snapshot_aggregates_total",
                                                     "foldstream_snapshot_marker_age_seconds",
                                                     "foldstream_snapshot_rounds_total",
                                                     "foldstream_takeover_seconds"}));
}

TEST(KafkaReplies, go_nowhere_but_to_partitions_that_there_are) {
    runtime::Metrics metrics;
    std::unique_ptr<kafka::Producer> nobody;
    KafkaReplies replies(nobody, 8, metrics);
    v1::ReplyAddress address;
    for (const std::int32_t partition : {-1, 8, 2'000'000'000}) {
        address.set_partition(partition);
        replies.reply(address, "an answer");
    }
    EXPECT_NE(metrics.exposition().find("foldstream_replies_total{result=\"nowhere\"} 3"),
              std::string::npos);
}

}  // namespace
}  // namespace foldstream::processing
