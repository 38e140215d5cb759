#include "projector/projection_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace foldstream::projector {
namespace {

// Alerts and dashboards rely on these: a change here is a change of the interface.
TEST(ProjectionProbe, has_these_metrics_and_no_others) {
    runtime::Metrics metrics;
    ProjectionProbe probe(metrics, "orders");
    probe.applied(10, 3, 2, 0.01);
    probe.ignored(replay::Verdict::stale);
    probe.again("lost");
    probe.lag_events(Partition(3), 7);
    std::set<std::string> types;
    std::istringstream lines(metrics.exposition());
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) types.insert(line.substr(7));
    }
    EXPECT_THAT(types, ::testing::ElementsAre("foldstream_ignored_records_total counter",
                                              "foldstream_projection_batch_seconds histogram",
                                              "foldstream_projection_events_total counter",
                                              "foldstream_projection_lag_events gauge",
                                              "foldstream_projection_lag_seconds gauge",
                                              "foldstream_projection_loaded_rows_total counter",
                                              "foldstream_projection_retries_total counter",
                                              "foldstream_projection_rows_total counter",
                                              "foldstream_projection_stopped_partitions gauge"));
    EXPECT_THAT(metrics.exposition(),
                ::testing::HasSubstr(
                    "foldstream_projection_lag_events{partition=\"3\",projection=\"orders\"} 7"));
}

}  // namespace
}  // namespace foldstream::projector
