#include "cli/commands_command.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>

#include "cli/decided_record.hpp"
#include "cli/dispatch.hpp"
#include "cli/kept_commands.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

struct CommandsOptions {
    std::string domain;
    bool crashed = false;
    std::size_t limit = 100;
    std::int32_t partition = 0;
    std::uint64_t sequence = 0;
    std::optional<std::string> key;
    std::uint32_t wait_seconds = 10;
};

std::string reading(const std::string& domain, Partition partition) {
    return "reading " + kafka::events_topic(domain) + " partition " +
           std::to_string(partition.value);
}

// The bytes are in the log alone, so all of it is read.
int list(const CommandsOptions& options, const Connections& connections, const Console& console) {
    const fold::DomainModule& domain = find_domain(domains::registry(), options.domain);
    const std::int32_t partitions = partitions_of(connections, kafka::events_topic(options.domain));
    KeptCommands kept(domain, options.crashed, options.limit);
    for (Partition partition(0); partition.value < partitions; ++partition.value) {
        LogTail tail(connections.kafka, options.domain);
        tail.open(partition);
        Progress progress(console, reading(options.domain, partition));
        tail.read_to_end(
            partition,
            [&](const LogTail::Item& item) {
                const auto* entries = std::get_if<replay::ValidEntries>(&item.result);
                if (entries == nullptr) return true;
                PlacedEntry placed{partition, entries->first, {}};
                for (const v1::Entry& entry : entries->body.entries()) {
                    if (keeps_command(entry)) {
                        placed.entry = entry;
                        kept.feed(placed);
                    }
                    ++placed.sequence.value;
                }
                return true;
            },
            &progress);
    }
    const auto found = kept.newest();
    console.out << (connections.json ? kept_json(options.domain, found) + "\n" : kept_text(found));
    return runtime::exit_fine;
}

// The key of the record that the command came in, while the topic still has that very record.
std::optional<std::string> first_key(const Connections& connections, const std::string& domain,
                                     const PlacedEntry& placed) {
    const auto record =
        decided_record(connections, domain, placed.partition, placed.entry.command());
    if (!record || record->key().value_or("").empty()) return std::nullopt;
    return std::string(*record->key());
}

int retry(const CommandsOptions& options, const Connections& connections, const Console& console) {
    const fold::DomainModule& domain = find_domain(domains::registry(), options.domain);
    const std::int32_t partitions =
        partitions_of(connections, kafka::commands_topic(options.domain));
    const Partition partition = checked_partition(options.domain, options.partition, partitions);
    PlacedEntry placed;
    {
        Progress progress(console, reading(options.domain, partition));
        placed = entry_at(connections.kafka, options.domain, partition, Sequence(options.sequence),
                          &progress);
    }
    const auto kept = kept_command(domain, placed);
    if (!kept || placed.entry.code() != "crashed") {
        throw kafka::Error("the entry " + options.domain + ":" + std::to_string(partition.value) +
                               ":" + std::to_string(options.sequence) +
                               " is no command that was refused `crashed`: foldctl commands list " +
                               options.domain + " --crashed",
                           false);
    }
    if (!kept->bytes) {
        throw kafka::Error("the bytes of this command were not kept: the broker did not take them",
                           false);
    }
    auto key = options.key;
    if (!key && placed.entry.kept_key().empty()) {  // an older owner kept none
        key = first_key(connections, options.domain, placed);
    }
    const auto made = record_again(domain, placed, key, partitions);
    if (const auto* why = std::get_if<std::string>(&made)) throw UsageError(*why);
    const auto& record = std::get<CommandToSend>(made);
    Dispatch dispatch(connections, console, options.domain, record.partition, options.wait_seconds);
    const Answer answer = dispatch.answer(dispatch.send(record), record, kept->command_id);
    console.out << answer.json << '\n';
    return answer.accepted ? runtime::exit_fine : runtime::exit_failed;
}

}  // namespace

void add_commands(CLI::App& app, const Connections& connections, const Console& console,
                  Action& action) {
    CLI::App* commands = app.add_subcommand(
        "commands", "commands whose bytes the log keeps, and sending them again");
    const auto options = std::make_shared<CommandsOptions>();  // shared: lives in the callbacks

    CLI::App* listing = commands->add_subcommand(
        "list",
        "read the whole log and print the commands whose bytes it keeps, oldest first; "
        "bytes are those of the body");
    listing->add_option("domain", options->domain, "for example orders")->required();
    listing->add_flag("--crashed", options->crashed,
                      "only those that were refused `crashed`, because processes ended while they "
                      "decided them");
    listing->add_option("--limit", options->limit, "the newest so many; 0: all")
        ->check(CLI::Validator(runtime::refuse_negative, ""))
        ->capture_default_str();
    listing->callback(
        [&, options] { action = [&, options] { return list(*options, connections, console); }; });

    CLI::App* retrying = commands->add_subcommand(
        "retry",
        "send a command that was refused `crashed` again, with its command id, and print what "
        "became of it as `foldctl send` does. Mend what ended the processes before");
    retrying->add_option("domain", options->domain, "for example orders")->required();
    retrying->add_option("partition", options->partition, "of its entry")
        ->required()
        ->check(CLI::Range(0, 1'000'000));
    retrying->add_option("sequence", options->sequence, "of its entry")
        ->required()
        ->check(CLI::Validator(runtime::refuse_negative, ""));
    retrying->add_option("--key", options->key,
                         "the record's key, the aggregate's id (default: that of the record that "
                         "it came in, as kept in its entry or found in the topic, else the "
                         "body's id)");
    retrying
        ->add_option("--wait", options->wait_seconds,
                     "seconds to wait for the outcome; 0: print where the record stands")
        ->check(CLI::Range(0, 3'600))
        ->capture_default_str();
    retrying->callback(
        [&, options] { action = [&, options] { return retry(*options, connections, console); }; });
}

}  // namespace foldstream::cli
