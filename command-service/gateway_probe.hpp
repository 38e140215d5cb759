// What is counted of the gateway; its requests are counted by the HTTP server.
#pragma once

#include <string>

#include "common/runtime/metrics.hpp"

namespace foldstream::command_service {

// Any thread.
class GatewayProbe {
public:
    explicit GatewayProbe(runtime::Metrics& metrics)
        : in_flight_(metrics.gauge("foldstream_gateway_in_flight",
                                   "Commands whose clients wait for an answer.")),
          full_(refused(metrics, "full")),
          client_full_(refused(metrics, "client-full")),
          unproved_(metrics.counter("foldstream_gateway_unproved_total",
                                    "Commands whose delivery was not proved.")),
          matched_(replies(metrics, "matched")),
          late_(replies(metrics, "late")),
          foreign_(replies(metrics, "foreign")),
          expired_(metrics.counter("foldstream_gateway_expired_total",
                                   "Commands whose outcome did not come in time.")) {}

    [[nodiscard]] prometheus::Gauge& in_flight() const { return in_flight_; }
    [[nodiscard]] prometheus::Counter& full() const { return full_; }
    [[nodiscard]] prometheus::Counter& client_full() const { return client_full_; }
    [[nodiscard]] prometheus::Counter& unproved() const { return unproved_; }
    [[nodiscard]] prometheus::Counter& matched() const { return matched_; }
    [[nodiscard]] prometheus::Counter& late() const { return late_; }
    [[nodiscard]] prometheus::Counter& foreign() const { return foreign_; }
    [[nodiscard]] prometheus::Counter& expired() const { return expired_; }

private:
    static prometheus::Counter& refused(runtime::Metrics& metrics, const std::string& reason) {
        return metrics.counter("foldstream_gateway_refused_total",
                               "Commands refused because too many were in flight.",
                               {{"reason", reason}});
    }
    static prometheus::Counter& replies(runtime::Metrics& metrics, const std::string& result) {
        return metrics.counter(
            "foldstream_gateway_replies_total",
            "Replies read: matched, late (nobody waits any more), foreign (another process's).",
            {{"result", result}});
    }

    prometheus::Gauge& in_flight_;
    prometheus::Counter& full_;
    prometheus::Counter& client_full_;
    prometheus::Counter& unproved_;
    prometheus::Counter& matched_;
    prometheus::Counter& late_;
    prometheus::Counter& foreign_;
    prometheus::Counter& expired_;
};

}  // namespace foldstream::command_service
