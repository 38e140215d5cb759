// What every command of foldctl has in hand.
#pragma once

#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <string>

#include "common/kafka/settings.hpp"

namespace foldstream::cli {

// Standard streams, or a test's.
struct Console {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool in_is_terminal = false;   // somebody can be asked
    bool err_is_terminal = false;  // somebody sees a line that is written again and again
};

// How to reach what foldctl works on; given before or behind the command's name.
struct Connections {
    kafka::Settings kafka;
    std::string postgres_url;
    bool json = false;
};

// What the command line asked for, to be run after it was read: an exit code.
using Action = std::function<int()>;

// Wrong usage that CLI11 cannot see: exit code 2.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace foldstream::cli
