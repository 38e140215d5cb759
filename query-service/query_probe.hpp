// What the query side counts besides its HTTP requests.
#pragma once

#include "common/runtime/metrics.hpp"

namespace foldstream::query {

// Any thread.
class QueryProbe {
public:
    explicit QueryProbe(runtime::Metrics& metrics)
        : statements_(metrics.histogram("foldstream_query_statement_seconds",
                                        "A statement's time in Postgres, both ways included.",
                                        runtime::duration_buckets())),
          waits_(metrics.histogram("foldstream_query_wait_seconds",
                                   "How long requests waited for their own writes.",
                                   runtime::duration_buckets())),
          waiting_(metrics.gauge("foldstream_query_waiting",
                                 "Requests that wait for their own writes now.")),
          overloaded_(metrics.counter("foldstream_query_overloaded_total",
                                      "Requests refused because a queue was full.")),
          failures_(metrics.counter("foldstream_query_failures_total",
                                    "Statements that failed in Postgres.")) {}

    prometheus::Histogram& statements() { return statements_; }
    prometheus::Histogram& waits() { return waits_; }
    prometheus::Gauge& waiting() { return waiting_; }
    prometheus::Counter& overloaded() { return overloaded_; }
    prometheus::Counter& failures() { return failures_; }

private:
    prometheus::Histogram& statements_;
    prometheus::Histogram& waits_;
    prometheus::Gauge& waiting_;
    prometheus::Counter& overloaded_;
    prometheus::Counter& failures_;
};

}  // namespace foldstream::query
