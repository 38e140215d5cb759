// Sending commands: as many as there are at once, or one after another.
#include <algorithm>
#include <chrono>
#include <thread>
#include <variant>
#include <vector>

#include "bench/orders/actions.hpp"
#include "bench/orders/report.hpp"
#include "bench/orders/sender.hpp"
#include "cli/log_tail.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t preload_linger_ms = 5;
constexpr std::int64_t poll_every = 1'000;
constexpr std::int64_t say_every = 20'000;
constexpr std::chrono::milliseconds nap{50};
constexpr std::chrono::seconds answer_limit{30};

// All partitions, read as far as they are; then what is new.
class Tail {
public:
    Tail(const kafka::Settings& settings, std::int32_t partitions)
        : partitions_(partitions), log_(settings, "orders") {
        for (Partition p(0); p.value < partitions_; ++p.value) {
            log_.open(p);
            log_.read_to_end(p);
        }
    }

    // When the command's valid entry was read.
    Clock::time_point entry_of(const std::string& command_id) {
        const auto deadline = Clock::now() + answer_limit;
        while (!look(command_id)) {
            if (Clock::now() > deadline) {
                throw kafka::Error("the command " + command_id + " has no entry", true);
            }
            log_.wait(nap);
        }
        return Clock::now();
    }

private:
    bool look(const std::string& command_id) {
        bool found = false;
        for (Partition p(0); p.value < partitions_; ++p.value) {
            while (const auto item = log_.next(p)) {
                cli::throw_if_stopped("orders", p, *item);
                const auto* valid = std::get_if<replay::ValidEntries>(&item->result);
                if (valid == nullptr) continue;
                for (const v1::Entry& entry : valid->body.entries()) {
                    if (entry.command_id() == command_id) found = true;
                }
            }
        }
        return found;
    }

    std::int32_t partitions_;
    cli::LogTail log_;
};

}  // namespace

void preload(const kafka::Settings& settings, const Workload& workload) {
    Sender sender(settings, kafka::commands_topic("orders"), preload_linger_ms);
    Interleaved commands(workload);
    PackedCommand command;
    std::int64_t sent = 0;
    std::int64_t bytes = 0;
    while (commands.next(command)) {
        sender.send(command);
        bytes += static_cast<std::int64_t>(command.value.size());
        if (++sent % poll_every == 0) sender.poll();
        if (sent % say_every == 0) say_done(sent);
    }
    sender.flush();
    say({{"records", sent}, {"bytes", bytes}});
}

void send_paced(const kafka::Settings& settings, const Paced& paced) {
    Sender sender(settings, kafka::commands_topic("orders"), 0);
    Tail tail(settings, sender.partitions());
    Workload workload;
    workload.name = paced.name;
    std::vector<std::int64_t> took;
    const auto began = Clock::now();
    for (std::uint32_t i = 0; i < paced.unmeasured + paced.commands; ++i) {
        const PackedCommand command = packed(workload, i / longest_life, i % longest_life);
        std::this_thread::sleep_until(began + i * std::chrono::milliseconds(paced.every_ms));
        const auto sent = Clock::now();
        sender.send(command);
        const auto lasted = tail.entry_of(command.command_id) - sent;
        sender.poll();
        if (i < paced.unmeasured) continue;
        took.push_back(std::chrono::duration_cast<std::chrono::microseconds>(lasted).count());
        if (took.size() % 20 == 0) say_done(static_cast<std::int64_t>(took.size()));
    }
    sender.flush();
    if (took.empty()) throw kafka::Error("no command was measured", false);
    std::sort(took.begin(), took.end());
    say({{"p50_us", took[took.size() / 2]},
         {"p99_us", took[took.size() * 99 / 100]},
         {"max_us", took.back()}});
}

}  // namespace foldstream::bench
