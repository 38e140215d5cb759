// Commands over HTTP: takes them, sends them by topic, and answers with their outcomes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "command-service/gateway_door.hpp"
#include "command-service/gateway_loop.hpp"
#include "command-service/gateway_options.hpp"
#include "command-service/gateway_probe.hpp"
#include "command-service/in_flight.hpp"
#include "common/fold/domain.hpp"
#include "common/http/server.hpp"
#include "common/kafka/settings.hpp"
#include "common/runtime/metrics.hpp"

namespace foldstream::command_service {

// Listens from construction on (503 until Kafka is reached); throws std::system_error when the port
// is taken. Registry and metrics outlive it. run() is the life of one thread; the rest from any.
class Gateway final : public Door {
public:
    Gateway(const GatewayOptions& options, kafka::Settings settings, const fold::Registry& registry,
            runtime::Metrics& metrics);
    ~Gateway() override;

    // Returns after drain(). Throws kafka::SettingError.
    void run() { loop_.run(); }
    // Takes no more requests. Those in flight are answered within `grace`: with their outcomes, or
    // that these are unknown. Not from run()'s thread.
    void drain(std::chrono::milliseconds grace);

    Admission submit(const Submission& submission, Respond respond) override;

    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    // Empty = fine, else a sentence.
    [[nodiscard]] std::string why_not_alive() const { return loop_.why_not_alive(); }
    [[nodiscard]] std::string why_not_ready() const;

private:
    void answer_expired();

    GatewayProbe probe_;
    InFlight in_flight_;
    GatewayLoop loop_;
    std::atomic<bool> draining_{false};

    std::mutex mutex_;
    std::condition_variable over_;
    bool ended_ = false;   // guarded by mutex_
    std::thread expirer_;  // answers those whose time is over
    std::unique_ptr<http::Server> server_;
};

}  // namespace foldstream::command_service
