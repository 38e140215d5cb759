// The projector's metrics. Names and help stand in the .cpp alone.
#pragma once

#include <map>
#include <string>

#include "common/core/ids.hpp"
#include "common/replay/validity.hpp"
#include "common/runtime/metrics.hpp"

namespace foldstream::projector {

// One for each projection. Any thread.
class ProjectionProbe {
public:
    ProjectionProbe(runtime::Metrics& metrics, std::string projection);

    // A batch that was committed; `loaded`: rows of it that had to be read.
    void applied(std::size_t events, std::size_t keys, std::size_t loaded, double seconds);
    void ignored(replay::Verdict verdict);
    // A job that will be tried again; why: "retry", "lost", "fenced", "refused".
    void again(const std::string& why);
    void stopped_partitions(std::size_t count);
    void lag_events(Partition partition, double events);
    void lag_seconds(double seconds);

private:
    runtime::Metrics& metrics_;
    std::string projection_;
    prometheus::Counter& events_;
    prometheus::Counter& rows_;
    prometheus::Counter& loaded_;
    prometheus::Histogram& batch_seconds_;
    prometheus::Gauge& lag_seconds_;
    prometheus::Gauge& stopped_;
};

}  // namespace foldstream::projector
