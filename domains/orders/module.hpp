// The orders domain as the platform sees it.
#pragma once

#include <memory>

#include "common/fold/domain.hpp"

namespace foldstream::orders {

std::unique_ptr<fold::DomainModule> make_module();

}  // namespace foldstream::orders
