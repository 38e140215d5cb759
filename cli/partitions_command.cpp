#include "cli/partitions_command.hpp"

#include <memory>

#include "cli/partition_adoption.hpp"
#include "cli/partition_reset.hpp"

namespace foldstream::cli {

namespace {

// What both have: which partition, why, and --yes.
template <typename Options>
CLI::App* add_word(CLI::App& partitions, const char* name, const char* text, Options& options) {
    CLI::App* command = partitions.add_subcommand(name, text);
    command->add_option("domain", options.domain, "for example orders")->required();
    command->add_option("partition", options.partition, "its number, from 0")
        ->required()
        ->check(CLI::Range(0, 1'000'000));
    command
        ->add_option("--why", options.why,
                     "the reason, written down with your name where it takes effect")
        ->required()
        ->type_name("TEXT")
        ->check([](const std::string& why) {
            return why.empty() ? std::string("must not be empty") : std::string();
        });
    command->add_flag("--yes", options.yes, "do not ask");
    return command;
}

}  // namespace

void add_partitions(CLI::App& app, const Connections& connections, const Console& console,
                    Action& action) {
    CLI::App* partitions = app.add_subcommand(
        "partitions",
        "what to do when a partition stands still because its topics are not those that were there "
        "before (docs/operations.md)");

    const auto adoption = std::make_shared<AdoptionOptions>();  // shared: lives in the callback
    CLI::App* adopting = add_word(
        *partitions, "adopt",
        "for a commands topic that was recreated, or whose retention has passed what was not read "
        "yet: shows what the log says and what the topic has, asks, and writes a claim into the "
        "log, which says at which offset commands go on. Commands before it that were not decided "
        "are lost: send them again",
        *adoption);
    adopting
        ->add_option("--next-offset", adoption->next_offset,
                     "the first command to decide: an offset of the commands topic, begin (the "
                     "first one that it has) or end (nothing that it has now)")
        ->required()
        ->type_name("OFFSET|begin|end");
    adopting->callback([&, adoption] {
        action = [&, adoption] { return adopt(*adoption, connections, console); };
    });

    const auto resetting = std::make_shared<ResetOptions>();  // shared: lives in the callback
    CLI::App* command = add_word(
        *partitions, "reset",
        "for a log (D.events) that was recreated, cut or restored: shows where it ends and what "
        "the snapshots rely on, asks, deletes the partition's snapshots, and writes down that this "
        "log is the one to go on with. An owner whose store does not fit it then begins from "
        "empty. What it does not do: projections that applied more than the log has must be "
        "rebuilt; what other domains were told must be reviewed; and the commands topic of a log "
        "that begins anew needs `partitions adopt`, or its commands are decided from offset 0",
        *resetting);
    command->callback([&, resetting] {
        action = [&, resetting] { return reset(*resetting, connections, console); };
    });
}

}  // namespace foldstream::cli
