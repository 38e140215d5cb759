#include "common/core/test_hooks.hpp"

#ifdef FOLDSTREAM_TEST_HOOKS

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <utility>

namespace foldstream::test_hooks {

namespace {

constexpr std::array<std::string_view, 24> mutants = {
    "none",
    "answer-before-readback",
    "validity-without-epoch",
    "validity-without-sequence",
    "validity-without-link",
    "claim-at-or-above",
    "claim-without-nonce",
    "own-by-epoch-and-sequence",
    "keep-speculation",
    "decide-before-claim",
    "store-before-readback",
    "next-from-group-offset",
    "delivered-whatever-the-offset",
    "snapshot-key-without-cut",
    "marker-before-delivery",
    "snapshots-after-a-failed-one",
    "restore-to-captured-end",
    "dirty-by-owner-only",
    "snapshot-by-version-alone",
    "position-past-ignored",
    "checkpoint-outside-transaction",
    "apply-twice",
    "off-by-one-version",
    "no-deduplication",
};

[[noreturn]] void wrong(const char* variable, std::string_view value) {
    std::fprintf(stderr, "%s: '%.*s' is unknown\n", variable, static_cast<int>(value.size()),
                 value.data());
    std::exit(2);
}

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : value;
}

Mutant parse_mutant() {
    const std::string_view name = environment("FOLDSTREAM_MUTANT");
    if (name.empty()) return Mutant::none;
    for (std::size_t i = 0; i < mutants.size(); ++i) {
        if (mutants[i] == name) return static_cast<Mutant>(i);
    }
    wrong("FOLDSTREAM_MUTANT", name);
}

struct Fault {
    std::string point;
    int signal = 0;
    std::atomic<std::uint64_t> left{0};
};

// Filled once, before any thread asks.
std::deque<Fault> parse_faults() {
    std::deque<Fault> faults;
    std::string_view rest = environment("FOLDSTREAM_FAULT");
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find(','));
        rest.remove_prefix(one.size() + (one.size() < rest.size() ? 1 : 0));
        const auto is = one.find('=');
        const auto at = one.find('@');
        if (is == std::string_view::npos || at == std::string_view::npos || at < is) {
            wrong("FOLDSTREAM_FAULT", one);
        }
        const std::string_view action = one.substr(is + 1, at - is - 1);
        if (action != "kill" && action != "stop") wrong("FOLDSTREAM_FAULT", one);
        Fault& fault = faults.emplace_back();
        fault.point = one.substr(0, is);
        fault.signal = action == "kill" ? SIGKILL : SIGSTOP;
        fault.left = std::strtoull(std::string(one.substr(at + 1)).c_str(), nullptr, 10);
        if (fault.left == 0) wrong("FOLDSTREAM_FAULT", one);
    }
    return faults;
}

}  // namespace

Mutant chosen_mutant() {
    static const Mutant chosen = parse_mutant();
    return chosen;
}

void fault_point(std::string_view name) {
    static std::deque<Fault> faults = parse_faults();
    for (Fault& fault : faults) {
        if (fault.point != name || fault.left == 0) continue;
        if (fault.left.fetch_sub(1) == 1) ::kill(::getpid(), fault.signal);
    }
}

void poison(std::string_view command_id) {
    static const std::string_view said = environment("FOLDSTREAM_POISON");
    const auto is = said.rfind('=');
    if (is == std::string_view::npos || said.substr(0, is) != command_id) return;
    const std::string_view what = said.substr(is + 1);
    if (what == "kill") ::kill(::getpid(), SIGKILL);
    if (what == "throw") throw 42;
    for (volatile bool ever = what == "loop"; ever;) {
    }
}

bool forced_assignment() { return environment("FOLDSTREAM_FORCE_ASSIGN") == "1"; }

std::string forced_nonce() {
    const std::string_view hex = environment("FOLDSTREAM_NONCE");
    if (hex.empty()) return {};
    std::string nonce;
    if (hex.size() != 32) wrong("FOLDSTREAM_NONCE", hex);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const std::string byte(hex.substr(i, 2));
        nonce += static_cast<char>(std::strtoul(byte.c_str(), nullptr, 16));
    }
    return nonce;
}

}  // namespace foldstream::test_hooks

#endif
