#include <map>

#include "common/http/server.hpp"
#include "common/http/status.hpp"
#include "common/runtime/build_info.hpp"
#include "common/runtime/json_text.hpp"

namespace foldstream::http {

std::string_view reason_phrase(int status) {
    static const std::map<int, std::string_view> phrases{{200, "OK"},
                                                         {201, "Created"},
                                                         {202, "Accepted"},
                                                         {204, "No Content"},
                                                         {304, "Not Modified"},
                                                         {400, "Bad Request"},
                                                         {401, "Unauthorized"},
                                                         {403, "Forbidden"},
                                                         {404, "Not Found"},
                                                         {405, "Method Not Allowed"},
                                                         {408, "Request Timeout"},
                                                         {409, "Conflict"},
                                                         {412, "Precondition Failed"},
                                                         {413, "Content Too Large"},
                                                         {415, "Unsupported Media Type"},
                                                         {417, "Expectation Failed"},
                                                         {422, "Unprocessable Content"},
                                                         {429, "Too Many Requests"},
                                                         {431, "Request Header Fields Too Large"},
                                                         {500, "Internal Server Error"},
                                                         {501, "Not Implemented"},
                                                         {502, "Bad Gateway"},
                                                         {503, "Service Unavailable"},
                                                         {504, "Gateway Timeout"},
                                                         {505, "HTTP Version Not Supported"}};
    const auto found = phrases.find(status);
    if (found != phrases.end()) return found->second;
    return status < 400 ? "OK" : "Error";
}

Response problem(int status, std::string_view code, std::string_view detail,
                 const std::vector<std::pair<std::string, std::string>>& extra) {
    Response response;
    response.status = status;
    response.content_type = "application/problem+json";
    // about:blank: the title is the status' phrase, and `code` says what it is about.
    response.body = R"({"type":"about:blank","title":)";
    runtime::append_json_text(reason_phrase(status), response.body);
    response.body += R"(,"status":)" + std::to_string(status) + R"(,"code":)";
    runtime::append_json_text(code, response.body);
    response.body += R"(,"detail":)";
    runtime::append_json_text(detail, response.body);
    for (const auto& [name, value] : extra) {
        response.body += ',';
        runtime::append_json_text(name, response.body);
        response.body += ':' + value;
    }
    response.body += '}';
    return response;
}

Router admin_routes(runtime::Metrics& metrics, const runtime::Health& health, std::string process) {
    Router router;
    router.add("GET", "/metrics", [&metrics](const Request&, const Responder& respond) {
        respond({200, "text/plain; version=0.0.4; charset=utf-8", {}, metrics.exposition()});
    });
    router.add("GET", "/healthz", [&health](const Request&, const Responder& respond) {
        auto [fine, body] = health.alive();
        respond({fine ? 200 : 503, "application/json", {}, std::move(body)});
    });
    router.add("GET", "/readyz", [&health](const Request&, const Responder& respond) {
        auto [fine, body] = health.ready();
        respond({fine ? 200 : 503, "application/json", {}, std::move(body)});
    });
    std::string build = R"({"process":)" + runtime::json_text(process) + R"(,"version":)" +
                        runtime::json_text(runtime::build_version()) + R"(,"commit":)" +
                        runtime::json_text(runtime::build_commit()) + "}";
    router.add("GET", "/buildz",
               [build = std::move(build)](const Request&, const Responder& respond) {
                   respond({200, "application/json", {}, build});
               });
    return router;
}

}  // namespace foldstream::http
