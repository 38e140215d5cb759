// Prometheus metrics of this process. A probe class beside the thing that it measures holds
// references.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::runtime {

using Labels = std::map<std::string, std::string>;

// Thread-safe; references stay valid for its life. Asking again for the same name and labels gives
// the same object.
class Metrics {
public:
    Metrics();
    prometheus::Counter& counter(const std::string& name, const std::string& help,
                                 const Labels& labels = {});
    prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                             const Labels& labels = {});
    prometheus::Histogram& histogram(const std::string& name, const std::string& help,
                                     const std::vector<double>& buckets, const Labels& labels = {});
    // The text exposition format.
    [[nodiscard]] std::string exposition() const;

private:
    std::shared_ptr<prometheus::Registry> registry_;  // shared: prometheus-cpp's interface
};

// Seconds, 100 us to 60 s.
const std::vector<double>& duration_buckets();

}  // namespace foldstream::runtime
