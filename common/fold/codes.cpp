#include "common/fold/codes.hpp"

#include <array>
#include <string>

namespace foldstream::fold {

namespace {

struct PlatformCode {
    std::string_view code;
    int status;
    const char* title;
};

constexpr std::array<PlatformCode, 13> platform_codes{{
    {"invalid", 400, "The command is malformed or breaks a constraint of its fields"},
    {"misrouted", 400, "The record is not in its key's partition (murmur2 of the key)"},
    {"unauthenticated", 401, "The command bears no valid token"},
    {"forbidden", 403, "The sender may not do this"},
    {"not-found", 404, "There is no such aggregate"},
    {"already-exists", 409, "This id has been used already"},
    {"version-conflict", 409, "The aggregate has another version than the one expected"},
    {"command-id-reused", 409, "This command id has been used for another command"},
    {"already-taken", 409, "Somebody else has this value"},
    {"too-large", 413, "The command, its events or the aggregate would be too large"},
    {"busy", 429, "Too many commands wait for this aggregate"},
    {"internal", 500, "The domain's code failed on this command"},
    {"crashed", 500,
     "Processes ended while they decided this command: its bytes are kept, foldctl commands retry"},
}};

}  // namespace

CodeText platform_code_text(std::string_view code) {
    for (const PlatformCode& known : platform_codes) {
        if (known.code == code) return {known.status, known.title};
    }
    return {422, ""};
}

CodeText code_text(const DomainModule& domain, std::string_view code) {
    const auto own = domain.codes.find(code);
    if (own != domain.codes.end()) return own->second;
    CodeText text = platform_code_text(code);
    if (text.title.empty()) text.title = "Refused: " + std::string(code);
    return text;
}

bool is_final(v1::Outcome outcome) {
    switch (outcome) {
        case v1::OUTCOME_HELD:
        case v1::OUTCOME_QUEUED:
        case v1::OUTCOME_SCHEDULED:
        case v1::OUTCOME_FORWARDED:
            return false;
        default:
            return true;
    }
}

}  // namespace foldstream::fold
