#include <gtest/gtest.h>

#include "common/http/server.hpp"
#include "common/runtime/metrics.hpp"

namespace foldstream::http {
namespace {

Router router_of(const std::vector<std::pair<std::string, std::string>>& routes) {
    Router router;
    for (const auto& [method, pattern] : routes) {
        router.add(method, pattern, [](const Request&, const Responder&) {});
    }
    return router;
}

TEST(Router, prefers_literal_segments_the_leftmost_first) {
    const Router router = router_of(
        {{"GET", "/a/{x}/{y}"}, {"GET", "/a/{x}/c"}, {"GET", "/a/b/{y}"}, {"GET", "/{w}/b/c"}});
    EXPECT_EQ(router.find("GET", {"a", "b", "c"}).pattern, "/a/b/{y}");
    EXPECT_EQ(router.find("GET", {"a", "z", "c"}).pattern, "/a/{x}/c");
    EXPECT_EQ(router.find("GET", {"z", "b", "c"}).pattern, "/{w}/b/c");
    EXPECT_EQ(router.find("GET", {"a", "b", "c"}).values.at("y"), "c");
}

TEST(Router, finds_nothing_for_another_number_of_segments_or_an_empty_value) {
    const Router router = router_of({{"GET", "/a/{x}"}});
    for (const auto& segments : std::vector<std::vector<std::string>>{
             {"a"}, {"a", ""}, {"a", "b", ""}, {"a", "b", "c"}, {""}}) {
        const Router::Match match = router.find("GET", segments);
        EXPECT_EQ(match.handler, nullptr);
        EXPECT_TRUE(match.allow.empty());
    }
}

TEST(Router, names_the_methods_that_a_path_has) {
    const Router router = router_of({{"GET", "/a/{x}"}, {"DELETE", "/a/{x}"}, {"PUT", "/a/b"}});
    const Router::Match match = router.find("POST", {"a", "b"});
    EXPECT_EQ(match.handler, nullptr);
    EXPECT_EQ(match.allow, (std::vector<std::string>{"DELETE", "GET", "HEAD", "PUT"}));
    EXPECT_NE(router.find("DELETE", {"a", "b"}).handler, nullptr);
    EXPECT_NE(router.find("HEAD", {"a", "b"}).handler, nullptr);
}

TEST(Router, leaves_to_one_what_no_route_answers_but_get) {
    Router router = router_of({{"GET", "/api/{x}"}, {"POST", "/api/own"}});
    router.otherwise("/api", [](const Request&, const Responder&) {});
    EXPECT_EQ(router.find("DELETE", {"api", "7"}).pattern, "/api/*");
    EXPECT_EQ(router.find("PUT", {"api", "7", "8"}).pattern, "/api/*");
    EXPECT_EQ(router.find("POST", {"api", "own"}).pattern, "/api/own");
    EXPECT_EQ(router.find("GET", {"api", "7", "8"}).handler, nullptr);
    EXPECT_EQ(router.find("HEAD", {"api", "7", "8"}).handler, nullptr);
    EXPECT_EQ(router.find("PUT", {"api"}).handler, nullptr);
    EXPECT_EQ(router.find("PUT", {"other", "7"}).handler, nullptr);
}

TEST(Router, takes_each_route_once) {
    Router router = router_of({{"GET", "/a"}});
    EXPECT_THROW(router.add("GET", "/a", {}), std::invalid_argument);
}

TEST(Problem, is_problem_json_with_code_detail_and_what_is_added) {
    const Response response = problem(409, "version-conflict", "a \"b\"", {{"expected", "3"}});
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(response.body,
              R"({"type":"about:blank","title":"Conflict","status":409,"code":"version-conflict",)"
              R"("detail":"a \"b\"","expected":3})");
}

}  // namespace
}  // namespace foldstream::http
