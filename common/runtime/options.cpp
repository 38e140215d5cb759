#include "common/runtime/options.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include "common/core/test_hooks.hpp"
#include "common/runtime/build_info.hpp"

namespace foldstream::runtime {

namespace {

constexpr std::string_view prefix = "FOLDSTREAM_";
constexpr std::size_t max_secret_bytes = 64 * 1024;

std::string default_instance() {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) return std::to_string(getpid());
    return std::string(host.data()) + "-" + std::to_string(getpid());
}

std::string read_secret(const std::string& flag, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(max_secret_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad() || (!file && !file.eof()) || text.size() > max_secret_bytes) {
        throw CLI::ValidationError(flag, "cannot read the file " + path);
    }
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    if (text.empty()) throw CLI::ValidationError(flag, "the file " + path + " is empty");
    return text;
}

void collect_names(const CLI::App& app, std::set<std::string, std::less<>>& names) {
    for (const CLI::Option* option : app.get_options()) names.insert(option->get_envname());
    for (const CLI::App* sub : app.get_subcommands({})) collect_names(*sub, names);
}

// Kubernetes puts FOLDSTREAM_<SERVICE>_PORT and the like into every pod: a warning, no error.
void warn_of_unknown_variables(const CLI::App& app) {
    // What a cluster's env file names for everybody is nobody's mistake.
    std::set<std::string, std::less<>> known{"FOLDSTREAM_CONFIG", "FOLDSTREAM_KAFKA_BROKERS",
                                             "FOLDSTREAM_POSTGRES_URL", "FOLDSTREAM_COMMAND_URL",
                                             "FOLDSTREAM_QUERY_URL"};
    collect_names(app, known);
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        const std::string_view name = text.substr(0, text.find('='));
        if (!name.starts_with(prefix) || known.contains(name)) continue;
        Logger("options").warning("unknown environment variable", {{"name", name}});
    }
}

}  // namespace

std::string environment_name(const std::string& flag) {
    std::string name(prefix);
    for (const char c : std::string_view(flag).substr(2)) {
        name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return name;
}

std::string refuse_negative(const std::string& text) {
    return text.starts_with('-') ? "must not be negative: " + text : std::string();
}

CLI::Option* add_pairs(CLI::App& app, const std::string& flag, Pairs& values,
                       const std::string& text) {
    const auto read = [flag, &values](const std::vector<std::string>& given) {
        values.clear();
        for (const std::string& lines : given) {
            std::istringstream stream(lines);
            for (std::string line; std::getline(stream, line);) {
                const std::size_t equals = line.find('=');
                if (equals == 0 || equals == std::string::npos) {
                    // The value stays out of the message: it may be a password.
                    throw CLI::ValidationError(flag, "needs KEY=VALUE");
                }
                values.emplace_back(line.substr(0, equals), line.substr(equals + 1));
            }
        }
    };
    return app.add_option_function<std::vector<std::string>>(flag, read, text)
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->envname(environment_name(flag));
}

void add_service_options(CLI::App& app, ServiceOptions& options) {
    add(app, "--log-level", options.log_level, "debug, info, warning or error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    add(app, "--admin-host", options.admin_host,
        "address that /metrics, /healthz, /readyz and /buildz listen on");
    add(app, "--admin-port", options.admin_port, "their port; 0: any free one, see the log");
    options.instance = default_instance();
    app.add_option("--instance", options.instance,
                   "name of this process among its like (default: host name and process id)")
        ->envname(environment_name("--instance"));
}

CLI::Option* add_secret(CLI::App& app, const std::string& flag, std::string& value,
                        const std::string& text) {
    CLI::Option* direct = app.add_option(flag, value, text)->envname(environment_name(flag));
    const std::string file_flag = flag + "-file";
    app.add_option_function<std::string>(
           file_flag,
           [file_flag, &value](const std::string& path) { value = read_secret(file_flag, path); },
           "file that holds it")
        ->envname(environment_name(file_flag))
        ->excludes(direct);
    return direct;
}

std::optional<int> parse(CLI::App& app, int argc, const char* const* argv) {
    const char* config = std::getenv("FOLDSTREAM_CONFIG");
    const bool from_environment = config != nullptr && *config != '\0';
    app.set_config("--config", from_environment ? config : "",
                   "TOML file with these options by their long names (Env:FOLDSTREAM_CONFIG)",
                   from_environment);
    app.allow_config_extras(CLI::config_extras_mode::error);
    app.set_version_flag("--version", build_text());
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_fine : exit_usage;
    }
    warn_of_unknown_variables(app);
    test_hooks::check_environment();
    return std::nullopt;
}

}  // namespace foldstream::runtime
