#include "common/core/test_hooks.hpp"

#ifdef FOLDSTREAM_TEST_HOOKS

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <utility>

namespace foldstream::test_hooks {

namespace {

constexpr std::array<std::string_view, 26> mutants = {
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
    "hold-whatever-the-place",
    "digests-without-retract",
    "off-by-one-version",
    "no-deduplication",
};

constexpr std::array<std::string_view, 27> fault_points = {
    "claim-sent",
    "claim-read",
    "decided",
    "sent",
    "read-back",
    "stored",
    "answered",
    "snapshot-sent",
    "snapshots-delivered",
    "marker-sent",
    "marker-read",
    "pointer-sent",
    "tombstones-sent",
    "restore-begun",
    "restored",
    "keys-looked-up",
    "keys-learned",
    "pointer-deleted",
    "deletions-sent",
    "snapshots-deleted",
    "begun",
    "checkpoint-locked",
    "folded",
    "rows-written",
    "before-commit",
    "committed",
    "offset-committed",
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

// The enumerators stand in the order of their names.
template <typename Enum, std::size_t size>
Enum named(const std::array<std::string_view, size>& names, std::string_view name,
           const char* variable) {
    const auto* found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) wrong(variable, name);
    return static_cast<Enum>(found - names.begin());
}

Mutant parse_mutant() {
    const std::string_view name = environment("FOLDSTREAM_MUTANT");
    return name.empty() ? Mutant::none : named<Mutant>(mutants, name, "FOLDSTREAM_MUTANT");
}

struct Fault {
    FaultPoint point{};
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
        fault.point = named<FaultPoint>(fault_points, one.substr(0, is), "FOLDSTREAM_FAULT");
        fault.signal = action == "kill" ? SIGKILL : SIGSTOP;
        fault.left = std::strtoull(std::string(one.substr(at + 1)).c_str(), nullptr, 10);
        if (fault.left == 0) wrong("FOLDSTREAM_FAULT", one);
    }
    return faults;
}

std::deque<Fault>& faults() {
    static std::deque<Fault> parsed = parse_faults();
    return parsed;
}

}  // namespace

void check_environment() {
    (void)chosen_mutant();
    (void)faults();
}

Mutant chosen_mutant() {
    static const Mutant chosen = parse_mutant();
    return chosen;
}

void fault_point(FaultPoint point) {
    for (Fault& fault : faults()) {
        if (fault.point != point || fault.left == 0) continue;
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
