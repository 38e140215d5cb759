#include "cli/operator.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <istream>
#include <ostream>

namespace foldstream::cli {

bool confirmed(const Console& console, bool yes, const std::string& question) {
    if (yes) return true;
    if (!console.in_is_terminal) {
        throw UsageError("this asks before it is done, and nobody can answer here: --yes");
    }
    console.err << question << "\nyes, or anything else to leave it: " << std::flush;
    std::string answer;
    std::getline(console.in, answer);
    if (answer == "yes") return true;
    console.err << "foldctl: nothing was done\n";
    return false;
}

std::string operator_name() {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr) {
        return found->pw_name;
    }
    return "uid " + std::to_string(geteuid());
}

}  // namespace foldstream::cli
