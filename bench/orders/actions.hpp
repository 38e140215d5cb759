// What bench_orders does, one function a subcommand. They say what they found (report.hpp) and
// throw what ends them.
#pragma once

#include <cstdint>
#include <string>

#include "bench/orders/workload.hpp"
#include "common/kafka/settings.hpp"

namespace foldstream::bench {

// Appends a workload to orders.commands.
void preload(const kafka::Settings& settings, const Workload& workload);

// Reads orders.events from its start, counts what is valid: entries, accepted ones, their bytes
// (frames included), and the append times of the first and the last.
void read_log(const kafka::Settings& settings);

// Reads any topic from its start, as far as it is committed: records, bytes, append times.
void read_topic(const kafka::Settings& settings, const std::string& topic);

// Sends one command after another, each at its own time, and says how long each took until its
// valid entry was read: microseconds from the call that sends it. The first `unmeasured` pay for
// connections.
struct Paced {
    std::uint32_t commands = 500;
    std::uint32_t every_ms = 50;
    std::uint32_t unmeasured = 20;
    std::string name = "idle";
};
void send_paced(const kafka::Settings& settings, const Paced& paced);

// Writes rows of read.orders to stdout as COPY reads them, the system's columns included.
// `secret`: the generation's, in hexadecimal.
struct Rows {
    std::uint32_t count = 1'000'000;
    std::uint32_t customers = 10'000;
    std::int32_t partitions = 4;
    std::string secret;
};
void write_rows(const Rows& rows);

// Folds orders.events. Each event's finished row goes to a topic, to the partition of its event, as
// a JSON object with all columns of the table, and to a file as bare_upsert reads them. Says how
// many there are, what the last rows add up to, and each partition's last sequence and digests.
struct Images {
    std::string topic;
    std::string file;
    std::string secret;  // as above
};
void make_images(const kafka::Settings& settings, const Images& images);

// Says the statements that the query-service sends for one order and for a page of one customer's,
// whole and without what tells the positions (`_rows`), and their parameters, one a line.
void say_statements(std::int32_t partitions);

}  // namespace foldstream::bench
