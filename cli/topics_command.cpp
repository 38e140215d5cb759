#include "cli/topics_command.hpp"

#include <memory>
#include <ostream>

#include "cli/topic_report.hpp"
#include "common/codec/json_object.hpp"
#include "common/kafka/admin.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

struct TopicsOptions {
    std::int32_t partitions = default_partitions;
    CLI::Option* partitions_given = nullptr;
    std::int16_t replication = 1;

    [[nodiscard]] std::optional<std::int32_t> wanted_partitions() const {
        if (partitions_given->count() == 0) return std::nullopt;
        return partitions;
    }
};

FoundTopics find_topics(kafka::Admin& admin) {
    FoundTopics found;
    for (const std::string& name : topic_names(domains::registry())) {
        if (auto state = admin.describe(name)) found.emplace(name, std::move(*state));
    }
    return found;
}

int list(const Connections& connections, const Console& console) {
    kafka::Admin admin(connections.kafka);
    const FoundTopics found = find_topics(admin);
    // Replication 0: whatever it is.
    const auto wanted = wanted_topics(domains::registry(), std::nullopt, 0, found);
    console.out << (connections.json ? topics_json(wanted, found) + "\n"
                                     : topics_text(wanted, found));
    return runtime::exit_fine;
}

int apply(const TopicsOptions& options, const Connections& connections, const Console& console) {
    kafka::Admin admin(connections.kafka);
    FoundTopics found = find_topics(admin);
    const auto wanted =
        wanted_topics(domains::registry(), options.wanted_partitions(), options.replication, found);
    std::vector<std::string> created;
    for (const kafka::TopicSpec& spec : wanted) {
        if (found.contains(spec.name)) continue;
        if (admin.create(spec)) {
            created.push_back(spec.name);
            if (!connections.json) console.out << "created " << spec.name << std::endl;
        }
    }
    found = find_topics(admin);
    const std::vector<std::string> different = all_differences(wanted, found);
    if (connections.json) {
        codec::JsonObject answer;
        answer.raw("created", codec::json_texts(created))
            .raw("differences", codec::json_texts(different));
        console.out << answer.done() << '\n';
    } else {
        for (const std::string& sentence : different) console.err << sentence << '\n';
        console.out << wanted.size() << " topics, " << created.size() << " of them created now, "
                    << different.size()
                    << (different.size() == 1 ? " difference\n" : " differences\n");
    }
    return different.empty() ? runtime::exit_fine : runtime::exit_failed;
}

}  // namespace

void add_topics(CLI::App& app, const Connections& connections, const Console& console,
                Action& action) {
    CLI::App* topics = app.add_subcommand("topics", "the topics that the platform needs");
    const auto options = std::make_shared<TopicsOptions>();  // shared: lives in the callbacks

    CLI::App* applying = topics->add_subcommand(
        "apply",
        "create what is missing and verify the rest; nothing is ever altered: the kafka-configs "
        "line that mends a difference is printed, and the exit code is 1");
    options->partitions_given =
        runtime::add(*applying, "--partitions", options->partitions,
                     "partitions of every topic of a domain, fixed for ever (not given: as many "
                     "as the domain's log has)")
            ->check(CLI::Range(1, 10'000));
    runtime::add(*applying, "--replication", options->replication,
                 "replicas of each partition; 3 in production")
        ->check(CLI::Range(1, 100));
    applying->callback(
        [&, options] { action = [&, options] { return apply(*options, connections, console); }; });

    CLI::App* listing = topics->add_subcommand("list", "what is there, and whether it is right");
    listing->callback([&] { action = [&] { return list(connections, console); }; });
}

}  // namespace foldstream::cli
