// What a client is told, as the interfaces say it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command-service/in_flight.hpp"
#include "common/codec/json.hpp"
#include "common/http/server.hpp"
#include "foldstream/v1/outcome.pb.h"

namespace foldstream::command_service {

// Of a final outcome. `if_match`: a version that differs is 412.
http::Response answer_of(const v1::CommandOutcome& outcome, bool if_match);

// Delivered, and nobody waits for the outcome: 202.
http::Response pending_answer(std::string_view command_id);
// The time is over.
http::Response expired_answer(const Waiting& waiting);

// What the gateway says itself; no entry stands behind it.
http::Response missing_answer(std::string_view detail);
http::Response invalid_answer(const std::vector<codec::Violation>& violations);
http::Response too_large_answer(std::string_view detail);
http::Response unknown_answer(std::string_view command_id, std::string_view detail);
// Nothing was sent: 503 and 429, with Retry-After.
http::Response unavailable_answer();
http::Response not_admitted_answer(Admission admission);

// The answer as a line of a batch: its body and "httpStatus", no line end.
std::string as_line(http::Response response);

}  // namespace foldstream::command_service
