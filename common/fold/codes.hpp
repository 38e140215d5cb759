// What a code of a refusal means to its sender.
#pragma once

#include <string_view>

#include "common/fold/domain.hpp"

namespace foldstream::fold {

// The domain's own codes, then the platform's; an unknown one is a business rule's (422).
CodeText code_text(const DomainModule& domain, std::string_view code);
// The platform's own alone; empty title: it has none of that name.
CodeText platform_code_text(std::string_view code);

}  // namespace foldstream::fold
