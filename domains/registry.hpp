// Every domain of this binary.
#pragma once

#include "common/fold/domain.hpp"

namespace foldstream::domains {

// Made at the first call, which throws std::invalid_argument when annotations contradict each
// other; afterwards read-only. Thread-safe.
const fold::Registry& registry();

}  // namespace foldstream::domains
