#include "cli/send_command.hpp"

#include <chrono>
#include <istream>
#include <iterator>
#include <memory>
#include <ostream>

#include "cli/checkpoints.hpp"
#include "cli/command_request.hpp"
#include "cli/outcome_text.hpp"
#include "cli/outcome_watch.hpp"
#include "common/core/random.hpp"
#include "common/core/uuid.hpp"
#include "common/kafka/admin.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

constexpr std::uint32_t delivery_limit_ms = 30'000;

struct SendOptions {
    CommandRequest request;
    bool no_check = false;
    std::uint32_t wait_seconds = 10;
};

int print(const Console& console, const Answer& answer) {
    console.out << answer.json << '\n';
    return answer.accepted ? runtime::exit_fine : runtime::exit_failed;
}

std::string read_body(const std::string& given, std::istream& in) {
    if (given.empty()) return "{}";
    if (given != "-") return given;
    return {std::istreambuf_iterator<char>(in), {}};
}

std::int32_t partitions_of(const Connections& connections, const std::string& domain) {
    const std::string topic = kafka::commands_topic(domain);
    const auto count = kafka::Admin(connections.kafka).partitions(topic);
    if (!count) {
        throw kafka::Error("the Kafka topic " + topic + " does not exist: foldctl topics apply",
                           false);
    }
    return *count;
}

// A verified place near the log's end, when Postgres tells one; else the log's start.
LogStart start_of(const Connections& connections, const Console& console, const std::string& domain,
                  Partition partition) {
    if (connections.postgres_url.empty()) return {};
    try {
        postgres::Connection connection(reading_settings(connections.postgres_url));
        return furthest_place(connection, domain, partition).value_or(LogStart{});
    } catch (const postgres::Error& error) {
        console.err << "foldctl: reading the log from its start, because Postgres: " << error.what()
                    << '\n';
        return {};
    }
}

// Where the record stands; nothing when its delivery is not proved. Throws kafka::Error.
std::optional<Offset> deliver(const Connections& connections, const CommandToSend& record) {
    kafka::Wakeup wakeup;
    kafka::ProducerOptions options;
    options.message_timeout_ms = delivery_limit_ms;
    std::optional<Offset> offset;
    kafka::DeliveryCheck check;
    kafka::Producer producer(
        connections.kafka, {record.topic}, options,
        [&](const kafka::DeliveryReport& report) {
            if (check.delivered(report.no_error, report.offset)) offset = Offset(report.offset);
        },
        wakeup);
    std::string why;
    if (producer.produce(record.topic, record.partition, record.key, record.value, record.headers,
                         0, &why) != kafka::Produced::queued) {
        throw kafka::Error(why, false);
    }
    producer.flush(static_cast<int>(delivery_limit_ms) + 5'000);
    return offset;
}

void catch_up(OutcomeWatch& watch) {
    try {
        watch.catch_up();
    } catch (const kafka::Error& error) {
        throw kafka::Error(
            std::string(error.what()) +
                " (nothing was sent; --wait 0 sends without looking for the outcome)",
            error.retry());
    }
}

int send(SendOptions options, const Connections& connections, const Console& console) {
    CommandRequest& request = options.request;
    find_domain(domains::registry(), request.domain);
    request.check = !options.no_check;
    request.body = read_body(request.body, console.in);
    if (request.command_id.empty()) {
        KernelRandom random;
        request.command_id = Uuid::random(random).text();
    }
    const std::int32_t partitions = partitions_of(connections, request.domain);
    const auto made = make_record(domains::registry(), request, partitions);
    if (const auto* violations = std::get_if<std::vector<codec::Violation>>(&made)) {
        return print(console, invalid_answer(*violations));
    }
    const auto& record = std::get<CommandToSend>(made);

    std::unique_ptr<OutcomeWatch> watch;
    if (options.wait_seconds > 0) {
        watch = std::make_unique<OutcomeWatch>(
            connections.kafka, request.domain, record.partition,
            start_of(connections, console, request.domain, record.partition));
        catch_up(*watch);
    }
    const std::optional<Offset> offset = deliver(connections, record);
    if (!offset) {
        return print(console, unknown_answer(request.command_id,
                                             "the delivery is not proved: send it again with "
                                             "--id " +
                                                 request.command_id));
    }
    if (!watch) {
        return print(console,
                     pending_answer(request.command_id, record.topic, record.partition, *offset));
    }
    auto placed = watch->wait_for(*offset, std::chrono::seconds(options.wait_seconds));
    if (!placed) {
        return print(console,
                     unknown_answer(request.command_id,
                                    "no outcome within " + std::to_string(options.wait_seconds) +
                                        " s: is the command-service running? (--wait)"));
    }
    if (placed->entry.command_id().empty()) {
        placed->entry.set_command_id(request.command_id);  // found by its place
    }
    if (placed->entry.outcome() != v1::OUTCOME_DUPLICATE) {
        return print(console, answer_of(*record.domain, *placed, false));
    }
    const PlacedEntry first = watch->first_entry(Sequence(placed->entry.first()));
    return print(console, answer_of(*record.domain, first, true));
}

}  // namespace

void add_send(CLI::App& app, const Connections& connections, const Console& console,
              Action& action) {
    const auto options = std::make_shared<SendOptions>();  // shared: lives in the callback
    CommandRequest& request = options->request;
    CLI::App* command = app.add_subcommand(
        "send",
        "send a command by its topic and print what became of it (JSON: the accepted body or a "
        "problem); exit code 1 when it was refused or the outcome is unknown");
    command->add_option("domain", request.domain, "for example orders")->required();
    command->add_option("command", request.command, "for example CreateOrder")->required();
    command->add_option("json", request.body, "its fields as JSON, or - for standard input")
        ->type_name("JSON");
    command->add_option("--id,--command-id", request.command_id,
                        "command id, at most 128 bytes: the same id counts once (default: a fresh "
                        "UUID)");
    command->add_option("--key", request.key,
                        "the record's key, the aggregate's id (default: from the body; a create "
                        "without one gets an id from the command id)");
    command
        ->add_option("--expected-version", request.expected_version,
                     "the aggregate's version must be this one; 0: it must not exist")
        ->check(CLI::Validator(runtime::refuse_negative, ""));
    command->add_flag("--dry-run", request.dry_run, "decide without effect");
    command
        ->add_option("--wait", options->wait_seconds,
                     "seconds to wait for the outcome; 0: print where the record stands")
        ->check(CLI::Range(0, 3'600))
        ->capture_default_str();
    command->add_flag("--no-check", options->no_check,
                      "send it even when its fields are wrong: the owner refuses it");
    command->callback(
        [&, options] { action = [&, options] { return send(*options, connections, console); }; });
}

}  // namespace foldstream::cli
