// bench_orders: what ./dev bench does in bulk. Run by its scripts; --help lists the subcommands.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <iostream>

#include "bench/orders/actions.hpp"
#include "common/codec/protobuf_log.hpp"

namespace {

using namespace foldstream;

struct Given {
    kafka::Settings kafka;
    bench::Workload workload;
    std::string topic;
    bench::Paced paced;
    bench::Rows rows;
    bench::Images images;
    std::int32_t partitions = 4;
};

void add_kafka(CLI::App& app, Given& given) {
    app.add_option("--brokers", given.kafka.brokers, "host:port")->required();
}

void add_commands(CLI::App& app, Given& given) {
    auto& preload = *app.add_subcommand("preload", "fills orders.commands");
    add_kafka(preload, given);
    preload.add_option("--orders", given.workload.orders, "orders")->check(CLI::PositiveNumber);
    preload.add_option("--each", given.workload.commands_of_each, "commands of each order")
        ->check(CLI::Range(1U, bench::longest_life));
    preload.add_option("--open", given.workload.open, "orders on their way at once")
        ->check(CLI::PositiveNumber);
    preload.add_option("--name", given.workload.name, "of the orders");
    preload.callback([&given] { bench::preload(given.kafka, given.workload); });

    auto& paced = *app.add_subcommand("paced", "sends commands one by one, and waits for each");
    add_kafka(paced, given);
    paced.add_option("--commands", given.paced.commands, "commands that are measured");
    paced.add_option("--every-ms", given.paced.every_ms, "from one to the next, ms");
    paced.add_option("--unmeasured", given.paced.unmeasured, "commands before those");
    paced.add_option("--name", given.paced.name, "of the orders");
    paced.callback([&given] { bench::send_paced(given.kafka, given.paced); });
}

void add_readers(CLI::App& app, Given& given) {
    auto& log = *app.add_subcommand("log", "counts what is valid in orders.events");
    add_kafka(log, given);
    log.callback([&given] { bench::read_log(given.kafka); });

    auto& topic = *app.add_subcommand("topic", "counts what is committed in a topic");
    add_kafka(topic, given);
    topic.add_option("--topic", given.topic, "its name")->required();
    topic.callback([&given] { bench::read_topic(given.kafka, given.topic); });
}

void add_read_models(CLI::App& app, Given& given) {
    auto& rows = *app.add_subcommand("rows", "writes rows of read.orders for COPY");
    rows.add_option("--count", given.rows.count, "rows");
    rows.add_option("--customers", given.rows.customers, "customers that share them")
        ->check(CLI::PositiveNumber);
    rows.add_option("--partitions", given.rows.partitions, "of the log")
        ->check(CLI::PositiveNumber);
    rows.add_option("--secret", given.rows.secret, "the generation's, hexadecimal")->required();
    rows.callback([&given] { bench::write_rows(given.rows); });

    auto& images = *app.add_subcommand("images", "folds orders.events into a row an event");
    add_kafka(images, given);
    images.add_option("--topic", given.images.topic, "where rows go as JSON")->required();
    images.add_option("--file", given.images.file, "where they go for bare_upsert")->required();
    images.add_option("--secret", given.images.secret, "the generation's, hexadecimal")->required();
    images.callback([&given] { bench::make_images(given.kafka, given.images); });

    auto& statements = *app.add_subcommand("statements", "says what the query-service asks");
    statements.add_option("--partitions", given.partitions, "of the log")
        ->check(CLI::PositiveNumber);
    statements.callback([&given] { bench::say_statements(given.partitions); });
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    codec::mute_protobuf_log();
    CLI::App app{"What the benchmarks do in bulk.", "bench_orders"};
    Given given;
    given.kafka.client_id = "bench";
    add_commands(app, given);
    add_readers(app, given);
    add_read_models(app, given);
    app.require_subcommand(1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "bench_orders: %s\n", failed.what());
        return 1;
    }
    return 0;
}
