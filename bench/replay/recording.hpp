// What a client of Postgres said on one connection, as a proxy between them has kept it: the bytes
// of the frontend/backend protocol, version 3, from the start of the connection on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::bench {

enum class StepKind {
    script,   // a simple query
    once,     // parsed, bound and executed without a name
    prepare,  // parsed under a name
    execute,  // a prepared one with its parameters
};

// What the client waited for before it went on.
struct Step {
    StepKind kind = StepKind::script;
    std::string name;                                // of prepare and execute
    std::string sql;                                 // of execute, too
    std::vector<std::optional<std::string>> params;  // nothing = NULL
    bool binary = false;                             // the parameters, all of them
};

// Throws std::invalid_argument where the bytes are something else, or use what the
// projector does not: parameters of both formats in one statement, binary results, several
// statements without waiting in between.
std::vector<Step> read_recording(std::string_view bytes);

// From the first transaction to the last one that writes into a table of `schema`; what was said
// before it stays in front, what was said behind it goes. `first`: the first transaction's BEGIN.
struct Transactions {
    std::vector<Step> steps;
    std::size_t first = 0;
};
Transactions cut_to_transactions(std::vector<Step> steps, const std::string& schema);

}  // namespace foldstream::bench
