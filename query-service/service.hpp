// The whole process but its command line: what a test starts, too.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "common/fold/domain.hpp"
#include "common/runtime/lifecycle.hpp"
#include "common/runtime/metrics.hpp"
#include "query-service/options.hpp"
#include "query-service/pollers.hpp"

namespace foldstream::query {

// Serves from construction on, whether Postgres and Kafka can be reached or not (then it is not
// ready). Throws std::system_error when a port is taken. The registry must outlive it.
class Service {
public:
    // `logs`: where the logs' ends come from.
    Service(const Options& options, const fold::Registry& registry, std::unique_ptr<LogEnds> logs);
    ~Service();
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::uint16_t admin_port() const;
    // Takes no new requests and finishes those that are there, at most `grace`.
    void drain(std::chrono::milliseconds grace);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace foldstream::query
