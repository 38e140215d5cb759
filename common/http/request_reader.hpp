// From Beast's message to ours. Inside common/http only.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "common/http/server.hpp"

namespace foldstream::http {

using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;
using BeastResponse = boost::beast::http::response<boost::beast::http::string_body>;

// What is wrong with the head, beyond what Beast's parser sees (it lets pass what two servers could
// understand in two ways); nothing when all is well.
std::optional<Response> refuse_head(const BeastRequest& head);

// Our answer as Beast's; of one to HEAD only the head.
BeastResponse to_beast(Response response, unsigned version, bool head_only, bool keep_alive);

}  // namespace foldstream::http
