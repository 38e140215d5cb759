// What is counted of each answer.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

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
        const Series series = find(route.empty() ? "none" : route, known_method(method), code);
        series.requests->Increment();
        series.durations->Observe(std::chrono::duration<double>(took).count());
    }

private:
    struct Series {
        prometheus::Counter* requests;
        prometheus::Histogram* durations;
    };

    // Kept: prometheus-cpp checks every label's name again when it is asked for a series.
    Series find(const std::string& route, const std::string& method, int code) {
        const std::lock_guard lock(mutex_);
        const auto [at, fresh] = series_.try_emplace({route, method, code});
        if (fresh) {
            at->second.requests = &metrics_->counter(
                "foldstream_http_requests_total", "Requests answered.",
                {{"route", route}, {"method", method}, {"code", std::to_string(code)}});
            at->second.durations =
                &metrics_->histogram("foldstream_http_request_duration_seconds",
                                     "From the whole request to the whole answer.",
                                     runtime::duration_buckets(), {{"route", route}});
        }
        return at->second;
    }

    static std::string known_method(const std::string& method) {
        for (const char* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
            if (method == known) return method;
        }
        return "other";
    }

    runtime::Metrics* metrics_;
    std::mutex mutex_;
    std::map<std::tuple<std::string, std::string, int>, Series> series_;
};

}  // namespace foldstream::http
