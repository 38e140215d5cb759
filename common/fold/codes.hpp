// What an outcome, and the code of a refusal, mean to a command's sender.
#pragma once

#include <string_view>

#include "common/fold/domain.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::fold {

// The domain's own codes, then the platform's; an unknown one is a business rule's (422).
CodeText code_text(const DomainModule& domain, std::string_view code);
// The platform's own alone; empty title: it has none of that name.
CodeText platform_code_text(std::string_view code);

// Not so: held, queued, scheduled, forwarded. A later entry decides.
bool is_final(v1::Outcome outcome);

}  // namespace foldstream::fold
