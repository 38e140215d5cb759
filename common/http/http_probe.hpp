// What is counted of each answer.
#pragma once

#include <chrono>
#include <string>

#include "common/runtime/metrics.hpp"

namespace foldstream::http {

// Any thread. Does nothing without metrics. Routes are patterns and methods are known ones, so the
// number of series is bounded by the routes.
class HttpProbe {
public:
    explicit HttpProbe(runtime::Metrics* metrics) : metrics_(metrics) {}

    void answered(const std::string& route, const std::string& method, int code,
                  std::chrono::steady_clock::duration took) {
        if (metrics_ == nullptr) return;
        const std::string& known = route.empty() ? none_ : route;
        metrics_
            ->counter("foldstream_http_requests_total", "Requests answered.",
                      {{"route", known},
                       {"method", known_method(method)},
                       {"code", std::to_string(code)}})
            .Increment();
        metrics_
            ->histogram("foldstream_http_request_duration_seconds",
                        "From the whole request to the whole answer.", runtime::duration_buckets(),
                        {{"route", known}})
            .Observe(std::chrono::duration<double>(took).count());
    }

private:
    static std::string known_method(const std::string& method) {
        for (const char* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
            if (method == known) return method;
        }
        return "other";
    }

    runtime::Metrics* metrics_;
    std::string none_ = "none";
};

}  // namespace foldstream::http
