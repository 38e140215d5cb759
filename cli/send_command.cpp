#include "cli/send_command.hpp"

#include <istream>
#include <iterator>
#include <memory>
#include <ostream>

#include "cli/command_request.hpp"
#include "cli/dispatch.hpp"
#include "cli/outcome_text.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

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

int send(SendOptions options, const Connections& connections, const Console& console) {
    CommandRequest& request = options.request;
    find_domain(domains::registry(), request.domain);
    request.check = !options.no_check;
    request.body = read_body(request.body, console.in);
    if (request.command_id.empty()) request.command_id = random_id();
    const std::int32_t partitions =
        partitions_of(connections, kafka::commands_topic(request.domain));
    const auto made = make_record(domains::registry(), request, partitions);
    if (const auto* violations = std::get_if<std::vector<codec::Violation>>(&made)) {
        return print(console, invalid_answer(*violations));
    }
    const auto& record = std::get<CommandToSend>(made);

    Dispatch dispatch(connections, console, request.domain, record.partition, options.wait_seconds);
    return print(console, dispatch.answer(dispatch.send(record), record, request.command_id));
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
