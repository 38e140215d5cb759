// The gateway's Kafka: commands out, replies in.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command-service/gateway_command.hpp"
#include "command-service/gateway_probe.hpp"
#include "command-service/in_flight.hpp"
#include "command-service/reply_box.hpp"
#include "common/core/ids.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/reader.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace foldstream::command_service {

// run() is the thread's whole life; the rest from any thread. What becomes of a command is told to
// the client that holds its ticket, on the loop's thread.
class GatewayLoop {
public:
    // The table and the probe outlive it.
    GatewayLoop(kafka::Settings settings, std::vector<std::string> domains, InFlight& in_flight,
                const GatewayProbe& probe);
    ~GatewayLoop();

    // Until stop(). A broker that cannot be reached, or topics that are not there, are waited for,
    // loudly. Throws kafka::SettingError.
    void run();
    void stop();

    // False: commands of this domain cannot be sent, or their outcomes not be heard, at the moment.
    [[nodiscard]] bool can_send(const std::string& domain) const;
    // In the order of the calls.
    void send(Ticket ticket, PackedCommand packed);

    // Empty = fine, else a sentence.
    [[nodiscard]] std::string why_not_alive() const;
    [[nodiscard]] std::string why_not_ready() const;

private:
    struct Outgoing {
        Ticket ticket = 0;
        PackedCommand packed;
    };
    // One partition of a commands topic, as the present producer has it.
    struct Lane {
        kafka::DeliveryCheck check;
        // When those were produced that are not yet reported: reports come in this order.
        std::deque<std::chrono::steady_clock::time_point> unreported;
    };

    void connect();
    void connect_reader();
    void look_for_topics();
    void serve();
    void send_all();
    void send_one(Outgoing outgoing);
    [[nodiscard]] std::optional<std::int32_t> partitions_of(const std::string& domain) const;
    void on_delivery(const kafka::DeliveryReport& report);
    bool read_replies();
    void read_again();
    void on_reply(const kafka::Record& record);
    void answer(Ticket ticket, http::Response response);
    void publish(const std::string& trouble);

    kafka::Settings settings_;
    std::vector<std::string> domains_;
    InFlight& in_flight_;
    const GatewayProbe& probe_;

    // Of the loop's thread:
    kafka::Wakeup wakeup_;  // but ring(): any thread
    ReplyBox box_;
    std::unique_ptr<kafka::Reader> reader_;
    std::string reply_trouble_;  // empty: replies are being read; else until read_again_at_
    std::chrono::steady_clock::time_point read_again_at_;
    std::unique_ptr<kafka::Producer> producer_;
    std::map<std::pair<std::string, Partition>, Lane> lanes_;  // of producer_
    std::chrono::steady_clock::time_point look_again_at_;

    std::atomic<bool> stopping_{false};
    std::atomic<std::chrono::steady_clock::time_point> last_round_;
    mutable std::mutex mutex_;  // guards all below
    std::vector<Outgoing> outgoing_;
    std::map<std::string, std::int32_t> partitions_;  // of the domains' commands topics
    std::string trouble_ = "has not reached Kafka yet";
};

}  // namespace foldstream::command_service
