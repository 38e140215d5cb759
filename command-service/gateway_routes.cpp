#include "command-service/gateway_routes.hpp"

#include <memory>
#include <utility>

#include "command-service/batch.hpp"
#include "command-service/gateway_answer.hpp"
#include "command-service/gateway_terms.hpp"

namespace foldstream::command_service {

using http::Request;
using http::Responder;
using std::chrono::steady_clock;

namespace {

const std::string api = "/api/v1";

// The handlers of all routes.
class CommandRoutes {
public:
    CommandRoutes(const fold::Registry& registry, Door& door, std::vector<std::string> trusted)
        : registry_(registry), door_(door), trusted_(std::move(trusted)) {}

    void generic(const Request& request, const Responder& respond) const {
        const std::string& domain = request.path_values.at("domain");
        const std::string& command = request.path_values.at("command");
        const fold::DomainModule* module = registry_.find(domain);
        if (module == nullptr) return respond(missing_answer("there is no domain " + domain));
        const fold::CommandType* type = find_short(*module, command);
        if (type == nullptr) {
            return respond(missing_answer("the domain " + domain + " has no command " + command));
        }
        take(request, *module, *type, std::nullopt, respond);
    }

    void alias(const Request& request, const fold::DomainModule& domain,
               const fold::CommandType& type, const Responder& respond) const {
        const auto key = request.path_values.find(type.options.id_field());
        std::optional<std::string> named;
        if (key != request.path_values.end()) named = key->second;
        take(request, domain, type, std::move(named), respond);
    }

    void batch(Request request, const Responder& respond) const {
        ReadTerms read = read_terms(request);
        const char* no = "is not for a batch: each line has its own";
        if (read.terms.command_id) read.violations.push_back({"Idempotency-Key", no});
        if (read.terms.if_match) read.violations.push_back({"If-Match", no});
        if (!read.violations.empty()) return respond(invalid_answer(read.violations));
        std::string client = client_of(request, trusted_);
        Batch::start({&registry_, &door_, std::move(read.terms), std::move(client)},
                     std::move(request.body), respond);
    }

private:
    void take(const Request& request, const fold::DomainModule& domain,
              const fold::CommandType& type, std::optional<std::string> key,
              const Responder& respond) const {
        auto [terms, violations] = read_terms(request);
        Submission submission;
        submission.domain = &domain;
        submission.type = &type;
        submission.key = std::move(key);
        submission.command_id = std::move(terms.command_id);
        submission.if_match = terms.if_match.has_value();
        submission.expected_version = std::move(terms.if_match);
        submission.dry_run = terms.dry_run;
        submission.traceparent = std::move(terms.traceparent);
        submission.body = request.body;
        submission.violations = std::move(violations);
        submission.client = client_of(request, trusted_);
        submission.wish = terms.wish;
        submission.deadline = steady_clock::now() + terms.wait;
        const Admission admission = door_.submit(submission, respond);
        if (admission != Admission::admitted) respond(not_admitted_answer(admission));
    }

    const fold::Registry& registry_;
    Door& door_;
    std::vector<std::string> trusted_;
};

}  // namespace

const fold::CommandType* find_short(const fold::DomainModule& domain, std::string_view name) {
    for (const auto& command : domain.commands) {
        if (command->short_name() == name) return command.get();
    }
    return nullptr;
}

http::Router make_routes(const fold::Registry& registry, Door& door,
                         const GatewayOptions& options) {
    http::Router router;
    // shared: each route's handler holds it
    const auto routes =
        std::make_shared<const CommandRoutes>(registry, door, options.trusted_forwarders);
    router.add("POST", api + "/commands/{domain}/{command}",
               [routes](const Request& request, const Responder& respond) {
                   routes->generic(request, respond);
               });
    const std::size_t most = std::size_t{options.max_batch_mib} * 1024 * 1024;
    router.add(
        "POST", api + "/commands:batch",
        [routes](Request request, const Responder& respond) {
            routes->batch(std::move(request), respond);
        },
        http::LargeBodies{most, options.max_batches});
    for (const auto& domain : registry.domains()) {
        for (const auto& type : domain->commands) {
            if (!type->options.has_http()) continue;
            const v1::HttpAlias& http = type->options.http();
            router.add(http.method(), api + http.path(),
                       [routes, domain = domain.get(), type = type.get()](
                           const Request& request, const Responder& respond) {
                           routes->alias(request, *domain, *type, respond);
                       });
        }
    }
    return router;
}

}  // namespace foldstream::command_service
