#include "cli/application.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <ostream>

#include "cli/commands_command.hpp"
#include "cli/events_command.hpp"
#include "cli/migrate_command.hpp"
#include "cli/partitions_command.hpp"
#include "cli/send_command.hpp"
#include "cli/snapshots_command.hpp"
#include "cli/status_command.hpp"
#include "cli/topics_command.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/log_sink.hpp"
#include "common/postgres/connection.hpp"
#include "common/runtime/log.hpp"
#include "common/runtime/options.hpp"

namespace foldstream::cli {

namespace {

constexpr const char* undefined_table = "42P01";

void add_connections(CLI::App& app, Connections& connections) {
    runtime::add(app, "--kafka-brokers", connections.kafka.brokers, "host:port, comma-separated");
    runtime::add_pairs(app, "--kafka", connections.kafka.extra,
                       "any librdkafka setting (TLS, SASL, time-outs in ms …); repeatable");
    runtime::add_secret(app, "--postgres-url", connections.postgres_url,
                        "postgresql://user:password@host:port/database");
    app.add_flag("--json", connections.json, "print JSON, for programs");
    connections.kafka.client_id = "foldctl";
}

// The client's own complaints (a broker refuses, a broker is back) end in our sentence; they are
// shown when librdkafka's `debug` was asked for.
void quiet_client(const Connections& connections) {
    const auto& extra = connections.kafka.extra;
    const bool wanted = std::any_of(extra.begin(), extra.end(),
                                    [](const auto& setting) { return setting.first == "debug"; });
    kafka::set_log_sink([wanted](int, std::string_view facility, std::string_view text) {
        if (!wanted) return;
        std::fprintf(stderr, "kafka %.*s: %.*s\n", static_cast<int>(facility.size()),
                     facility.data(), static_cast<int>(text.size()), text.data());
    });
}

int perform(const Action& action, const Console& console) {
    int code = runtime::exit_failed;
    try {
        return action();
    } catch (const UsageError& error) {
        console.err << "foldctl: " << error.what() << '\n';
        return runtime::exit_usage;
    } catch (const kafka::SettingError& error) {
        console.err << "foldctl: " << error.what() << " (--kafka)\n";
        return runtime::exit_usage;
    } catch (const kafka::Error& error) {
        console.err << "foldctl: " << error.what() << '\n';
        if (error.retry()) code = runtime::exit_unreachable;
    } catch (const postgres::Error& error) {
        console.err << "foldctl: Postgres: " << error.what() << '\n';
        if (error.kind() == postgres::ErrorKind::lost) {
            console.err << "foldctl: is Postgres running, and --postgres-url right?\n";
            code = runtime::exit_unreachable;
        }
        if (error.sqlstate() == undefined_table) {
            console.err << "foldctl: the platform's tables are missing: foldctl migrate\n";
        }
    } catch (const std::exception& error) {
        console.err << "foldctl: " << error.what() << '\n';
    }
    return code;
}

std::string failure_text(const CLI::App* app, const CLI::Error& error) {
    std::string text = error.what();
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
        text = "unknown command or option: " + text.substr(text.find(':') + 2);
    }
    return "foldctl: " + text + "\n" + app->get_display_name() + " --help says what there is\n";
}

}  // namespace

int run(int argc, const char* const* argv, const Console& console) {
    CLI::App app{
        "Looks at and works on a Foldstream cluster. Options of the connection may stand before or "
        "behind the command. Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 Kafka or Postgres "
        "cannot be reached.",
        "foldctl"};
    app.fallthrough();
    app.failure_message(failure_text);
    Connections connections;
    Action action;
    runtime::start_logging(runtime::Level::warning, "foldctl");
    add_connections(app, connections);
    add_topics(app, connections, console, action);
    add_migrate(app, connections, console, action);
    add_send(app, connections, console, action);
    add_status(app, connections, console, action);
    add_events(app, connections, console, action);
    add_commands(app, connections, console, action);
    add_snapshots(app, connections, console, action);
    add_partitions(app, connections, console, action);
    if (const auto code = runtime::parse(app, argc, argv)) return *code;
    quiet_client(connections);
    if (!connections.postgres_url.empty()) {
        const std::string why = postgres::why_not_a_url(connections.postgres_url);
        if (!why.empty()) {
            console.err << "foldctl: --postgres-url: " << why << '\n';
            return runtime::exit_usage;
        }
    }
    if (!action) {
        console.err << "foldctl: a command is needed; foldctl --help names them\n";
        return runtime::exit_usage;
    }
    const int code = perform(action, console);
    console.out.flush();
    return code;
}

}  // namespace foldstream::cli
