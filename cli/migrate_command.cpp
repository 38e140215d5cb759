#include "cli/migrate_command.hpp"

#include <ostream>

#include "common/codec/json_object.hpp"
#include "common/postgres/migrations.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

int migrate(const Connections& connections, const Console& console) {
    if (connections.postgres_url.empty()) {
        throw UsageError("--postgres-url (or FOLDSTREAM_POSTGRES_URL) is needed to migrate");
    }
    postgres::ConnectionSettings settings;
    settings.url = connections.postgres_url;
    settings.application_name = "foldctl migrate";
    postgres::Connection connection(settings);
    const postgres::MigrationReport report = postgres::migrate(connection, domains::registry());
    if (connections.json) {
        codec::JsonObject answer;
        answer.raw("applied", codec::json_texts(report.applied))
            .raw("created", codec::json_texts(report.created))
            .raw("outdated", codec::json_texts(report.outdated));
        console.out << answer.done() << '\n';
        return runtime::exit_fine;
    }
    for (const std::string& name : report.applied) console.out << "applied " << name << '\n';
    for (const std::string& name : report.created) console.out << "created " << name << '\n';
    if (report.applied.empty() && report.created.empty()) console.out << "nothing to do\n";
    for (const std::string& name : report.outdated) {
        console.err << "the projection " << name
                    << " is fed by another fold version than this binary's: it needs a rebuild\n";
    }
    return runtime::exit_fine;
}

}  // namespace

void add_migrate(CLI::App& app, const Connections& connections, const Console& console,
                 Action& action) {
    CLI::App* command = app.add_subcommand(
        "migrate",
        "apply the migrations that are missing and make each projection's first generation; the "
        "first run needs a superuser, later ones the role foldstream_migrator");
    command->callback([&] { action = [&] { return migrate(connections, console); }; });
}

}  // namespace foldstream::cli
