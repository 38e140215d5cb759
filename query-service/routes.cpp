#include "query-service/routes.hpp"

#include <memory>
#include <optional>

#include "common/codec/check.hpp"
#include "common/codec/partitioner.hpp"
#include "query-service/list_plan.hpp"
#include "query-service/named_query_plan.hpp"
#include "query-service/projections_plan.hpp"
#include "query-service/search_list.hpp"

namespace foldstream::query {

namespace {

using http::Request;
using http::Responder;

const std::string api = "/api/v1/";

http::Response json(std::string body) { return {200, "application/json", {}, std::move(body)}; }

// "order" for a row keyed by order_id.
std::string singular(const std::string& key) {
    return key.ends_with("_id") ? key.substr(0, key.size() - 3) : key;
}

struct Shared {
    const PositionBoard& board;
    const Answerer& answerer;

    [[nodiscard]] std::vector<Covered> all(const std::string& domain,
                                           const postgres::Result& result) const {
        const Coverage coverage = coverage_of(result);
        const std::int32_t count = coverage.partition_count > 0
                                       ? coverage.partition_count
                                       : board.partition_count(domain).value_or(0);
        return cover_all(domain, coverage, count);
    }
};

// The routes of one read model.
class TableRoutes {
public:
    TableRoutes(const fold::Projection& projection, const Shared& shared)
        : plan_(projection), source_{projection.domain, projection.name}, shared_(shared) {
        if (projection.options.search_size() > 0) search_.emplace(plan_);
    }

    void list(const Request& request, const Parameters& fixed, const Responder& respond) const {
        auto page = plan_.page(request.query, fixed);
        if (!page) return respond(refuse(page.error()));
        Question question{{source_}, with_coverage(page.value().rows, {{source_}, {}}), {}};
        question.read = [this, page = std::move(page).value()](const postgres::Result& result) {
            return Found{json(plan_.body(page, result)), shared_.all(source_.domain, result)};
        };
        shared_.answerer.answer(request, std::move(question), respond);
    }

    [[nodiscard]] bool searched() const { return search_.has_value(); }
    void search(const Request& request, const Responder& respond) const {
        auto page = search_->page(request.query);
        if (!page) return respond(refuse(page.error()));
        Question question{{source_}, with_coverage(page.value().rows, {{source_}, {}}), {}};
        question.read = [this, page = std::move(page).value()](const postgres::Result& result) {
            return Found{json(search_->body(page, result)), shared_.all(source_.domain, result)};
        };
        shared_.answerer.answer(request, std::move(question), respond);
    }

    void one(const Request& request, const Responder& respond) const {
        if (!request.query.empty()) {
            return respond(refuse({{request.query.front().first, "is no parameter of one row"}}));
        }
        const std::string& id = request.path_values.at("id");
        if (!codec::is_id(id)) return respond(missing());
        const auto partitions = shared_.board.partition_count(source_.domain);
        std::optional<Partition> partition;
        if (partitions) partition = codec::partition_of(id, *partitions);
        Question question{{source_}, with_coverage(plan_.one(id), {{source_}, partition}), {}};
        question.read = [this, id](const postgres::Result& result) {
            if (row_count(result) == 0) return Found{missing(), cover(id, result)};
            std::string body;
            plan_.reader().append_row(result, 0, first_row_column, body);
            return Found{json(std::move(body)), cover(id, result)};
        };
        shared_.answerer.answer(request, std::move(question), respond);
    }

private:
    static http::Response missing() {
        return http::problem(404, "not-found", "there is nothing with this id");
    }

    // The key's own partition only.
    [[nodiscard]] std::vector<Covered> cover(const std::string& id,
                                             const postgres::Result& result) const {
        std::vector<Covered> covered = shared_.all(source_.domain, result);
        if (covered.empty()) return covered;
        const auto own = codec::partition_of(id, static_cast<std::int32_t>(covered.size()));
        return {covered[static_cast<std::size_t>(own.value)]};
    }

    ListPlan plan_;
    std::optional<SearchList> search_;
    Source source_;
    Shared shared_;
};

void add_table(const fold::Projection& projection, const Shared& shared, http::Router& router) {
    const auto table = std::make_shared<const TableRoutes>(projection, shared);
    const std::string base = api + projection.name;
    router.add("GET", base, [table](const Request& request, const Responder& respond) {
        table->list(request, {}, respond);
    });
    const auto one = [table](const Request& request, const Responder& respond) {
        table->one(request, respond);
    };
    router.add("GET", base + "/{id}", one);
    if (table->searched()) {
        router.add("GET", base + "/search",
                   [table](const Request& request, const Responder& respond) {
                       table->search(request, respond);
                   });
    }
    router.add("GET", base + "/" + singular(projection.options.key()) + "/{id}", one);
    for (const v1::Filter& filter : projection.options.filters()) {
        if (filter.path_alias().empty()) continue;
        const std::string& name = filter.parameter();
        router.add("GET", base + "/" + filter.path_alias() + "/{" + name + "}",
                   [table, name](const Request& request, const Responder& respond) {
                       table->list(request, {{name, request.path_values.at(name)}}, respond);
                   });
    }
}

// A named query may read any of its domain's tables: what it covers is what all of them have.
void add_query(const fold::DomainModule& domain, const fold::NamedQuery& query,
               const Shared& shared, http::Router& router) {
    const auto plan = std::make_shared<const NamedQueryPlan>(query);
    Scope scope;
    for (const auto& projection : domain.projections) {
        scope.sources.push_back({domain.name, projection->name});
    }
    router.add("GET", api + domain.name + query.path,
               [plan, scope, shared, name = domain.name](const Request& request,
                                                         const Responder& respond) {
                   auto asked = plan->ask(request.query);
                   if (!asked) return respond(refuse(asked.error()));
                   Question question{scope.sources, with_coverage(asked.value().rows, scope), {}};
                   question.read = [plan, shared, name, asked = std::move(asked).value()](
                                       const postgres::Result& result) {
                       return Found{json(plan->body(asked, result)), shared.all(name, result)};
                   };
                   shared.answerer.answer(request, std::move(question), respond);
               });
}

void add_projections(const fold::Registry& registry, const Shared& shared, http::Router& router) {
    std::vector<Source> sources;
    for (const auto& domain : registry.domains()) {
        for (const auto& projection : domain->projections) {
            sources.push_back({domain->name, projection->name});
        }
    }
    const auto answer = [shared](const std::vector<Source>& asked, bool one, const Request& request,
                                 const Responder& respond) {
        if (!request.query.empty()) {
            return respond(refuse({{request.query.front().first, "is no parameter here"}}));
        }
        const auto plan = std::make_shared<const ProjectionsPlan>(asked, shared.board);
        Question question{asked, plan->statement(), {}};
        question.read = [plan, one](const postgres::Result& result) {
            return one ? plan->one(result) : plan->all(result);
        };
        shared.answerer.answer(request, std::move(question), respond);
    };
    router.add("GET", api + "projections",
               [sources, answer](const Request& request, const Responder& respond) {
                   answer(sources, false, request, respond);
               });
    router.add("GET", api + "projections/{name}",
               [sources, answer](const Request& request, const Responder& respond) {
                   for (const Source& source : sources) {
                       if (source.projection != request.path_values.at("name")) continue;
                       return answer({source}, true, request, respond);
                   }
                   respond(http::problem(404, "not-found", "there is no such projection"));
               });
}

}  // namespace

http::Router make_routes(const fold::Registry& registry, const PositionBoard& board,
                         const Answerer& answerer) {
    http::Router router;
    const Shared shared{board, answerer};
    for (const auto& domain : registry.domains()) {
        for (const auto& projection : domain->projections) {
            add_table(*projection, shared, router);
        }
        for (const fold::NamedQuery& query : domain->queries) {
            add_query(*domain, query, shared, router);
        }
    }
    add_projections(registry, shared, router);
    return router;
}

void add_commands(http::Router& router, http::Forwarder& forwarder, http::LargeBodies batches) {
    const auto forward = [&forwarder](Request request, Responder respond) {
        forwarder.forward(std::move(request), std::move(respond));
    };
    router.add("POST", api + "commands:batch", forward, batches);
    router.otherwise("/api/v1", forward);
}

}  // namespace foldstream::query
