// Options: every one exists as flag, FOLDSTREAM_… environment variable and key of a TOML file
// (--config), through CLI11. `--help` lists units and defaults; a wrong one is an error that names
// it.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/runtime/log.hpp"

namespace foldstream::runtime {

inline constexpr int exit_fine = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_unreachable = 3;

// Adds an option with its three names: add(app, "--admin-port", value, "…") is also
// FOLDSTREAM_ADMIN_PORT and admin-port in the file.
template <typename T>
CLI::Option* add(CLI::App& app, const std::string& flag, T& value, const std::string& text) {
    std::string env = "FOLDSTREAM_";
    for (const char c : flag.substr(2)) {
        env += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return app.add_option(flag, value, text)->envname(env)->capture_default_str();
}

// What every service has.
struct ServiceOptions {
    std::string log_level = "info";
    std::string admin_host = "127.0.0.1";
    std::uint16_t admin_port = 0;  // 0: any free one, printed in the log
    std::string instance;          // default: host name and process id
};
void add_service_options(CLI::App& app, ServiceOptions& options);

// A secret that may come from a file: --postgres-url or --postgres-url-file
// (FOLDSTREAM_POSTGRES_URL_FILE).
CLI::Option* add_secret(CLI::App& app, const std::string& flag, std::string& value,
                        const std::string& text);

// Adds --config and parses; an exit code when the process must end now (help, version, or wrong
// usage, the error already printed). Unknown file keys are errors; unknown FOLDSTREAM_* variables
// only warn.
std::optional<int> parse(CLI::App& app, int argc, char** argv);

}  // namespace foldstream::runtime
