// Options: every one exists as flag, FOLDSTREAM_… environment variable and key of a TOML file
// (--config), through CLI11; the flag wins over the file, the file over the environment. `--help`
// lists units and defaults; a wrong one is an error that names it.
#pragma once

#include <CLI/CLI.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/runtime/log.hpp"

namespace foldstream::runtime {

inline constexpr int exit_fine = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_unreachable = 3;

// "--admin-port" -> "FOLDSTREAM_ADMIN_PORT"
std::string environment_name(const std::string& flag);

// What CLI11 lets pass: "-1" as a huge unsigned number.
std::string refuse_negative(const std::string& text);

// Adds an option with its three names: add(app, "--admin-port", value, "…") is also
// FOLDSTREAM_ADMIN_PORT and admin-port in the file.
template <typename T>
CLI::Option* add(CLI::App& app, const std::string& flag, T& value, const std::string& text) {
    CLI::Option* option = app.add_option(flag, value, text)->envname(environment_name(flag));
    if constexpr (std::unsigned_integral<T> && !std::same_as<T, bool>) {
        option->check(CLI::Validator(refuse_negative, ""));
    }
    return option->capture_default_str();
}

// A repeatable KEY=VALUE ("--kafka"); in the environment one a line, in the file an array.
using Pairs = std::vector<std::pair<std::string, std::string>>;
CLI::Option* add_pairs(CLI::App& app, const std::string& flag, Pairs& values,
                       const std::string& text);

// What every service has.
struct ServiceOptions {
    std::string log_level = "info";
    std::string admin_host = "127.0.0.1";
    std::uint16_t admin_port = 0;  // 0: any free one, printed in the log
    std::string instance;          // default: host name and process id
};
void add_service_options(CLI::App& app, ServiceOptions& options);

// A secret that may come from a file: --postgres-url or --postgres-url-file
// (FOLDSTREAM_POSTGRES_URL_FILE); both is an error. One newline at the file's end is cut off.
// The value never stands in --help.
CLI::Option* add_secret(CLI::App& app, const std::string& flag, std::string& value,
                        const std::string& text);

// Adds --config and --version and parses; an exit code when the process must end now (help,
// version, or wrong usage, the error already printed). Unknown file keys are errors; unknown
// FOLDSTREAM_* variables only warn.
std::optional<int> parse(CLI::App& app, int argc, const char* const* argv);

}  // namespace foldstream::runtime
