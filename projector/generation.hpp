// Which generation of a projection this binary may feed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/core/ids.hpp"
#include "common/core/result.hpp"
#include "common/fold/domain.hpp"
#include "common/postgres/connection.hpp"

namespace foldstream::projector {

// A set of tables that one fold version fills.
struct ServedGeneration {
    Generation number;
    std::vector<std::uint8_t> secret;  // keys the rows' digests; never logged
};

// The active generation, when its fold_version is the projection's own; else a sentence that says
// what to do. Throws postgres::Error.
Result<ServedGeneration, std::string> find_generation(postgres::Connection& connection,
                                                      const fold::Projection& projection);

}  // namespace foldstream::projector
