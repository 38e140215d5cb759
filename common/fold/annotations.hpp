// What the annotations of commands, rows, rollups and queries must agree on, so that a domain that
// contradicts itself fails at start and not at its first command. Inside common/fold only.
#pragma once

#include <memory>
#include <vector>

#include "common/fold/domain.hpp"

namespace foldstream::fold {

// Throws std::invalid_argument naming the message and the field, or what else is wrong.
void check_annotations(const std::vector<std::unique_ptr<DomainModule>>& domains);

}  // namespace foldstream::fold
