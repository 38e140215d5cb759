#include "common/http/forwarder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>

#include "tests/unit/common/http/client.hpp"

namespace foldstream::http {
namespace {

using std::chrono::milliseconds;

// A server, and one before it that hands everything on.
class Forwarded : public testing::Test {
protected:
    void start_behind(std::uint16_t port = 0) {
        Router router;
        const auto echo = [this](const Request& request, const Responder& respond) {
            ++requests_;
            std::string seen = request.method + " " + request.target + " " + request.body;
            for (const char* name : {"x-own", "x-forwarded-for", "expect", "host"}) {
                seen +=
                    std::string(" ") + name + "=" + std::string(request.header(name).value_or("-"));
            }
            respond({201, "text/seen", {{"ETag", "\"3\""}, {"Location", "/there"}}, seen});
        };
        router.add("PUT", "/api/echo", echo);
        router.add("POST", "/api/never", [this](const Request&, const Responder& respond) {
            ++requests_;
            held_.push_back(respond);
        });
        ServerOptions options;
        options.port = port;
        behind_ = std::make_unique<Server>(options, std::move(router), nullptr);
    }
    void start_front(std::uint16_t to) {
        ForwardOptions options;
        options.to = {"127.0.0.1", to};
        options.answer_timeout = milliseconds(300);
        forwarder_ = std::make_unique<Forwarder>(options);
        Router router;
        router.otherwise("/api", [this](Request request, Responder respond) {
            forwarder_->forward(std::move(request), std::move(respond));
        });
        front_ = std::make_unique<Server>(ServerOptions{}, std::move(router), nullptr);
    }
    std::string ask(const std::string& bytes) {
        Client client(front_->port());
        client.say(bytes);
        return client.answer();
    }
    static std::string put(const std::string& more = "") {
        return "PUT /api/echo?a=%2F HTTP/1.1\r\nHost: x\r\nX-Own: 1\r\nContent-Length: 2\r\n" +
               more + "\r\nhi";
    }

    std::atomic<int> requests_ = 0;
    std::vector<Responder> held_;
    std::unique_ptr<Server> behind_;
    std::unique_ptr<Forwarder> forwarder_;  // outlives the server that uses it
    std::unique_ptr<Server> front_;
};

TEST_F(Forwarded, request_and_answer_pass_through) {
    start_behind();
    start_front(behind_->port());
    const std::string answer = ask(put("X-Forwarded-For: 10.0.0.9\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 201 ")) << answer;
    EXPECT_NE(answer.find("ETag: \"3\"\r\n"), std::string::npos);
    EXPECT_NE(answer.find("Location: /there\r\n"), std::string::npos);
    EXPECT_NE(answer.find("Content-Type: text/seen\r\n"), std::string::npos);
    EXPECT_TRUE(
        answer.ends_with("PUT /api/echo?a=%2F hi x-own=1 x-forwarded-for=10.0.0.9, "
                         "127.0.0.1 expect=- host=127.0.0.1:" +
                         std::to_string(behind_->port())))
        << answer;
}

TEST_F(Forwarded, refusals_pass_through_too) {
    start_behind();
    start_front(behind_->port());
    EXPECT_TRUE(ask("DELETE /api/echo HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 405 "));
}

TEST_F(Forwarded, to_nobody_is_503_and_may_be_tried_again) {
    start_front(1);
    const std::string answer = ask(put());
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("Retry-After: 1\r\n"), std::string::npos);
    EXPECT_NE(answer.find(R"("code":"unavailable")"), std::string::npos);
}

TEST_F(Forwarded, without_an_answer_in_time_is_504_and_not_sent_twice) {
    start_behind();
    start_front(behind_->port());
    const std::string answer = ask(
        "POST /api/never HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k-1\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
    EXPECT_NE(answer.find(R"("code":"outcome-unknown")"), std::string::npos);
    EXPECT_NE(answer.find(R"("commandId":"k-1")"), std::string::npos);
    EXPECT_EQ(requests_, 1);
}

TEST_F(Forwarded, again_after_the_one_behind_has_started_anew) {
    start_behind();
    const std::uint16_t port = behind_->port();
    start_front(port);
    EXPECT_TRUE(ask(put()).starts_with("HTTP/1.1 201 "));
    EXPECT_TRUE(ask(put()).starts_with("HTTP/1.1 201 "));  // on the connection that was kept
    behind_.reset();
    EXPECT_TRUE(ask(put()).starts_with("HTTP/1.1 503 "));
    start_behind(port);
    EXPECT_TRUE(ask(put()).starts_with("HTTP/1.1 201 "));
    EXPECT_EQ(requests_, 3);
}

TEST(Authority, is_a_host_and_a_port) {
    const auto port_of = [](std::string_view url) {
        const auto read = parse_authority(url);
        return read ? read->host + "|" + std::to_string(read->port) : "none";
    };
    EXPECT_EQ(port_of("http://127.0.0.1:8080"), "127.0.0.1|8080");
    EXPECT_EQ(port_of("http://command-service/"), "command-service|80");
    EXPECT_EQ(port_of("http://[::1]:81"), "::1|81");
    for (const char* wrong : {"", "127.0.0.1:8080", "https://a", "http://", "http://a:b",
                              "http://a:0", "http://a:99999", "http://a/b", "http://u@a"}) {
        EXPECT_EQ(port_of(wrong), "none") << wrong;
    }
}

}  // namespace
}  // namespace foldstream::http
