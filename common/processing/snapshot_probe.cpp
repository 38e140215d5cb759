#include "common/processing/snapshot_probe.hpp"

namespace foldstream::processing {

namespace {

prometheus::Counter& rounds(runtime::Metrics& metrics, const std::string& domain,
                            const std::string& result) {
    return metrics.counter("foldstream_snapshot_rounds_total",
                           "Rounds of snapshots: marked, or ended-early without a marker",
                           {{"domain", domain}, {"result", result}});
}

prometheus::Counter& restores(runtime::Metrics& metrics, const std::string& domain,
                              const std::string& result) {
    return metrics.counter("foldstream_restores_total",
                           "Restores from snapshots: done; began-again, because of what the log "
                           "showed behind one that was done; broken, with no way on",
                           {{"domain", domain}, {"result", result}});
}

}  // namespace

SnapshotProbe::SnapshotProbe(runtime::Metrics& metrics, const std::string& domain,
                             Partition partition)
    : written_(metrics.counter("foldstream_snapshot_aggregates_total",
                               "Aggregates written into snapshots", {{"domain", domain}})),
      marked_(rounds(metrics, domain, "marked")),
      ended_early_(rounds(metrics, domain, "ended-early")),
      marker_age_(metrics.gauge(
          "foldstream_snapshot_marker_age_seconds",
          "Since the last valid marker, or since the partition is assigned here where none was "
          "read; grows, too, while nothing changes",
          {{"domain", domain}, {"partition", std::to_string(partition.value)}})),
      restored_(restores(metrics, domain, "done")),
      restored_again_(restores(metrics, domain, "began-again")),
      restore_broken_(restores(metrics, domain, "broken")) {}

void SnapshotProbe::written() { written_.Increment(); }
void SnapshotProbe::marked() { marked_.Increment(); }
void SnapshotProbe::ended_early() { ended_early_.Increment(); }
void SnapshotProbe::marker_age(std::chrono::milliseconds age) {
    marker_age_.Set(std::chrono::duration<double>(age).count());
}
void SnapshotProbe::restored() { restored_.Increment(); }
void SnapshotProbe::restored_again() { restored_again_.Increment(); }
void SnapshotProbe::restore_broken() { restore_broken_.Increment(); }

}  // namespace foldstream::processing
