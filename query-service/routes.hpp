// Which routes there are, and what each asks. All of it comes from the registry: a new domain or
// read model changes nothing here.
#pragma once

#include "common/fold/domain.hpp"
#include "common/http/forwarder.hpp"
#include "common/http/server.hpp"
#include "query-service/answer.hpp"

namespace foldstream::query {

// For each read model P with rows keyed by x_id:
//   /api/v1/P (list), /api/v1/P/x/{id} and /api/v1/P/{id} (one row), /api/v1/P/<alias>/{value}
//   (list by a filter that has a path alias), /api/v1/P/search (where there are search fields);
// for each named query of a domain D: /api/v1/D<path>; /api/v1/projections[/{name}].
// Throws std::invalid_argument when annotations contradict each other. Registry, board and answerer
// must outlive the routes.
http::Router make_routes(const fold::Registry& registry, const PositionBoard& board,
                         const Answerer& answerer);

// All other methods below /api/v1 go to a command-service: one address serves the API. `batches`:
// of /api/v1/commands:batch. The forwarder must outlive the routes.
void add_commands(http::Router& router, http::Forwarder& forwarder, http::LargeBodies batches);

}  // namespace foldstream::query
