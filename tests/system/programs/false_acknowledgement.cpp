// Produces what it is told, one line of stdin a record, and says what becomes of each as one JSON
// line: what the client library reports, and what DeliveryCheck makes of it.
//
//   system_false_acknowledgement BROKERS TOPIC
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>

#include "common/kafka/producer.hpp"
#include "common/kafka/settings.hpp"
#include "common/kafka/wakeup.hpp"

namespace {

using namespace foldstream;

constexpr int pause_ms = 10;

// The next line, if one is there; at the end of stdin `open` becomes false.
bool next_line(std::string& rest, std::string& line, bool& open) {
    for (;;) {
        const auto end = rest.find('\n');
        if (end != std::string::npos) {
            line = rest.substr(0, end);
            rest.erase(0, end + 1);
            return true;
        }
        pollfd input{STDIN_FILENO, POLLIN, 0};
        if (!open || ::poll(&input, 1, pause_ms) <= 0) return false;
        std::array<char, 512> buffer{};
        const auto got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        open = got > 0;
        if (open) rest.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    kafka::Settings settings;
    settings.brokers = argv[1];
    const std::string topic = argv[2];
    std::setvbuf(stdout, nullptr, _IOLBF, 0);

    kafka::DeliveryCheck check;
    std::uint64_t reported = 0;
    const auto report = [&](const kafka::DeliveryReport& told) {
        ++reported;
        const bool delivered = check.delivered(told.no_error, told.offset);
        std::printf("{\"tag\": %" PRIu64 ", \"error\": \"%s\", \"offset\": %" PRId64
                    ", \"delivered\": %s}\n",
                    told.tag, told.error.c_str(), told.offset, delivered ? "true" : "false");
    };
    kafka::Wakeup wakeup;
    kafka::Producer producer(settings, {topic}, kafka::ProducerOptions{}, report, wakeup);
    std::printf("{\"ready\": true}\n");

    std::uint64_t sent = 0;
    std::string rest;
    std::string line;
    for (bool open = true; open || reported < sent;) {
        while (next_line(rest, line, open)) {
            producer.produce(topic, Partition(0), std::nullopt, line, {}, ++sent);
        }
        producer.poll();
        if (!open) wakeup.wait(std::chrono::milliseconds(pause_ms));
    }
    return 0;
}
