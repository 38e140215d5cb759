#include "projector/projection_probe.hpp"

#include <utility>

namespace foldstream::projector {

ProjectionProbe::ProjectionProbe(runtime::Metrics& metrics, std::string projection)
    : metrics_(metrics),
      projection_(std::move(projection)),
      events_(metrics.counter("foldstream_projection_events_total",
                              "Events applied to the projection", {{"projection", projection_}})),
      rows_(metrics.counter("foldstream_projection_rows_total",
                            "Rows that batches wrote; events / rows is the coalescing factor",
                            {{"projection", projection_}})),
      loaded_(metrics.counter("foldstream_projection_loaded_rows_total",
                              "Rows that batches had to read; the others were held or are new",
                              {{"projection", projection_}})),
      batch_seconds_(metrics.histogram("foldstream_projection_batch_seconds",
                                       "Time to apply a batch, from load to commit",
                                       runtime::duration_buckets(), {{"projection", projection_}})),
      lag_seconds_(metrics.gauge("foldstream_projection_lag_seconds",
                                 "Age of the oldest unapplied event of this process's partitions",
                                 {{"projection", projection_}})),
      stopped_(metrics.gauge("foldstream_projection_stopped_partitions",
                             "Partitions of this process that stand still until somebody acts",
                             {{"projection", projection_}})) {}

void ProjectionProbe::applied(std::size_t events, std::size_t keys, std::size_t loaded,
                              double seconds) {
    events_.Increment(static_cast<double>(events));
    rows_.Increment(static_cast<double>(keys));
    loaded_.Increment(static_cast<double>(loaded));
    batch_seconds_.Observe(seconds);
}

void ProjectionProbe::ignored(replay::Verdict verdict) {
    metrics_
        .counter("foldstream_ignored_records_total", "Records of the log that do not count",
                 {{"reason", std::string(replay::name(verdict))}})
        .Increment();
}

void ProjectionProbe::again(const std::string& why) {
    metrics_
        .counter("foldstream_projection_retries_total",
                 "Batches and acquisitions that have to be tried again",
                 {{"projection", projection_}, {"reason", why}})
        .Increment();
}

void ProjectionProbe::stopped_partitions(std::size_t count) {
    stopped_.Set(static_cast<double>(count));
}

void ProjectionProbe::lag_events(Partition partition, double events) {
    metrics_
        .gauge("foldstream_projection_lag_events", "Entries of the log that are not yet applied",
               {{"projection", projection_}, {"partition", std::to_string(partition.value)}})
        .Set(events);
}

void ProjectionProbe::lag_seconds(double seconds) { lag_seconds_.Set(seconds); }

}  // namespace foldstream::projector
