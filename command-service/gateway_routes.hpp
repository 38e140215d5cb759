// Which routes take commands. All of them come from the registry: a new command, its alias or a new
// domain changes nothing here.
#pragma once

#include "command-service/gateway_door.hpp"
#include "command-service/gateway_options.hpp"
#include "common/fold/domain.hpp"
#include "common/http/server.hpp"

namespace foldstream::command_service {

// POST /api/v1/commands/{domain}/{command}, each command's alias (HttpAlias of its annotation)
// below /api/v1, and POST /api/v1/commands:batch. Registry and door outlive the routes.
http::Router make_routes(const fold::Registry& registry, Door& door, const GatewayOptions& options);

// By the name without its package, as it stands in paths; null when the domain has none.
const fold::CommandType* find_short(const fold::DomainModule& domain, std::string_view name);

}  // namespace foldstream::command_service
