#include "common/http/server.hpp"

#include <gtest/gtest.h>

#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/common/http/echo_server.hpp"

namespace foldstream::http {
namespace {

using std::chrono::milliseconds;

TEST_F(HttpServer, gives_the_handler_path_values_and_query_decoded) {
    start();
    const std::string answer = ask(get("/echo/a%2Fb?x=1%262&y"));
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_TRUE(has(answer, "\r\n\r\nGET a/b x=1&2 y=")) << answer;
    EXPECT_TRUE(has(answer, "X-Route: /echo/{id}\r\n"));
    EXPECT_TRUE(has(answer, "Date: "));
}

TEST_F(HttpServer, answers_pipelined_requests_one_by_one_in_order) {
    start({.threads = 2});
    Client& client = connect();
    client.say(get("/echo/1") + get("/held") + get("/echo/3"));
    EXPECT_TRUE(has(client.answer(), "GET 1"));
    take_held()({200, "text/plain", {}, "second"});
    EXPECT_TRUE(has(client.answer(), "second"));
    EXPECT_TRUE(has(client.answer(), "GET 3"));
}

TEST_F(HttpServer, reads_bodies_with_a_length_and_in_chunks) {
    start();
    Client& client = connect();
    client.say("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_TRUE(has(client.answer(), "\r\n\r\nhello"));
    client.say(
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    EXPECT_TRUE(has(client.answer(), "\r\n\r\nhello"));
}

TEST_F(HttpServer, takes_no_field_behind_the_last_chunk_for_a_header) {
    start();
    Client& client = connect();
    client.say(
        "GET /headers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\na\r\n0\r\nX-Twice: smuggled\r\n\r\n" +
        get("/echo/3"));
    EXPECT_FALSE(has(client.answer(), "smuggled"));
    EXPECT_TRUE(has(client.answer(), "GET 3"));
}

TEST_F(HttpServer, says_100_to_a_client_that_waits_for_it) {
    start();
    Client& client = connect();
    client.say(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.say("ok");
    EXPECT_TRUE(has(client.answer(), "\r\n\r\nok"));
}

TEST_F(HttpServer, answers_head_with_the_length_and_without_the_body) {
    start();
    Client& client = connect();
    client.say("HEAD /echo/12 HTTP/1.1\r\nHost: x\r\n\r\n" + get("/echo/3"));
    const std::string head = client.answer(true);
    EXPECT_TRUE(has(head, "Content-Length: 7\r\n")) << head;
    EXPECT_TRUE(client.answer().starts_with("HTTP/1.1 200 OK"));
}

TEST_F(HttpServer, sends_no_body_and_no_length_with_304) {
    start();
    Client& client = connect();
    client.say(get("/unchanged") + get("/echo/3"));
    const std::string answer = client.answer(true);
    EXPECT_EQ(status_of(answer), 304);
    EXPECT_FALSE(has(answer, "Content-Length")) << answer;
    EXPECT_EQ(status_of(client.answer()), 200);
}

TEST_F(HttpServer, refuses_what_two_servers_could_understand_in_two_ways_and_closes) {
    start();
    const std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\n";
    const std::vector<std::pair<std::string, int>> cases{
        {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
        {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
        {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
        {post + "Content-Length: 5, 5\r\n\r\nhello", 400},
        {post + "Content-Length: -1\r\n\r\n", 400},
        {post + "Content-Length: 5x\r\n\r\nhello", 400},
        {post + "Transfer-Encoding: gzip\r\n\r\n", 501},
        {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"GET /echo/1 HTTP/1.1\r\n\r\n", 400},
        {"GET /echo/1 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        {"GET /echo/1 HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"GET /echo/1 HTTP/2.0\r\nHost: x\r\n\r\n", 400},
        {"nonsense\r\n\r\n", 400},
        {post + "Idempotency-Key: a\r\nidempotency-key: b\r\n\r\n", 400},
        {post + "Expect: miracles\r\n\r\n", 417}};
    for (const auto& [bytes, status] : cases) {
        Client& client = connect();
        client.say(bytes);
        const std::string answer = client.answer();
        EXPECT_EQ(status_of(answer), status) << bytes << "\n" << answer;
        EXPECT_TRUE(has(answer, "application/problem+json")) << answer;
        client.finish();
        EXPECT_TRUE(client.closed()) << bytes;
    }
}

TEST_F(HttpServer, refuses_a_target_with_a_bad_escape_and_goes_on) {
    start();
    Client& client = connect();
    client.say(get("/echo/%zz") + get("/echo/1"));
    const std::string refused = client.answer();
    EXPECT_EQ(status_of(refused), 400);
    EXPECT_TRUE(has(refused, R"("code":"invalid")"));
    EXPECT_EQ(status_of(client.answer()), 200);
}

TEST_F(HttpServer, answers_404_and_405_as_problems) {
    start();
    const std::string missing = ask(get("/nothing"));
    EXPECT_EQ(status_of(missing), 404);
    EXPECT_TRUE(has(missing, R"("code":"not-found")"));
    const std::string wrong = ask("DELETE /echo/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status_of(wrong), 405);
    EXPECT_TRUE(has(wrong, "Allow: GET, HEAD\r\n")) << wrong;
}

TEST_F(HttpServer, bounds_head_and_body) {
    start({.max_head_bytes = 1024, .max_body_bytes = 100});
    const std::string longer(2000, 'x');
    EXPECT_EQ(status_of(ask("GET /echo/1 HTTP/1.1\r\nHost: x\r\nX-L: " + longer + "\r\n\r\n")),
              431);
    // In two packets each of its parts is below the bound.
    Client& cut = connect();
    cut.say(get("/echo/0") + "GET /echo/1 HTTP/1.1\r\nHost: x\r\nX: " + longer.substr(0, 900) +
            "\r\nY");
    EXPECT_EQ(status_of(cut.answer()), 200);
    cut.say(": " + longer.substr(0, 900) + "\r\n\r\n");
    EXPECT_EQ(status_of(cut.answer()), 431);
    EXPECT_EQ(status_of(ask("GET /" + longer + " HTTP/1.1\r\nHost: x\r\n\r\n")), 431);
    EXPECT_EQ(
        status_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n" + longer)),
        413);
    EXPECT_EQ(status_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "7d0\r\n" +
                            longer + "\r\n0\r\n\r\n")),
              413);
}

// The parser takes a head field by field, and leaves of each packet what may still go on.
TEST_F(HttpServer, refuses_a_head_that_never_ends) {
    ServerOptions options;
    options.max_head_bytes = 1000;
    start(options);
    std::string packet;
    while (packet.size() < 400) packet += ":\r\na";
    for (int packets = 1; packets < 8; ++packets) {
        Client& client = connect();
        client.say(get("/echo/0") + "GET /echo/1 HTTP/1.1\r\nHost: x\r\na");
        EXPECT_EQ(status_of(client.answer()), 200);
        for (int i = 0; i < packets; ++i) client.say(packet);
        if (packets > 2) {
            EXPECT_EQ(status_of(client.answer()), 431);
        }
    }
}

TEST_F(HttpServer, bounds_large_bodies_by_their_route_and_in_number) {
    ServerOptions options;
    options.max_body_bytes = 10;
    start(options);
    const std::string head = "POST /large HTTP/1.1\r\nHost: x\r\n";
    const std::string large = head + "Content-Length: 50\r\n\r\n" + std::string(50, 'x');
    EXPECT_EQ(status_of(ask(head + "Content-Length: 101\r\n\r\n")), 413);
    EXPECT_EQ(status_of(ask(head + "Transfer-Encoding: chunked\r\n\r\n65\r\n" +
                            std::string(101, 'x') + "\r\n0\r\n\r\n")),
              413);
    EXPECT_EQ(status_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n")), 413);
    Client& first = connect();
    first.say(large);
    const Responder respond = take_held();
    const std::string refused = ask(large);
    EXPECT_EQ(status_of(refused), 429);
    EXPECT_TRUE(has(refused, "Retry-After: 1\r\n"));
    respond({200, "text/plain", {}, "done"});
    EXPECT_EQ(status_of(first.answer()), 200);
    // Its place is free again, on the same connection.
    first.say(large);
    take_held()({200, "text/plain", {}, "done"});
    EXPECT_EQ(status_of(first.answer()), 200);
}

TEST_F(HttpServer, keeps_the_errors_of_handlers_to_itself) {
    start();
    Client& client = connect();
    client.say(get("/throws") + get("/echo/1"));
    const std::string answer = client.answer();
    EXPECT_EQ(status_of(answer), 500);
    EXPECT_FALSE(has(answer, "s3cret"));
    EXPECT_EQ(status_of(client.answer()), 200);
}

TEST_F(HttpServer, answers_500_for_a_handler_that_forgets_to) {
    start();
    EXPECT_EQ(status_of(ask(get("/forgets"))), 500);
}

TEST_F(HttpServer, lets_no_header_value_begin_another_header) {
    start();
    const std::string answer =
        ask("GET /headers HTTP/1.1\r\nHost: x\r\nX-Twice: a\r\nx-twice: b\r\n\r\n");
    EXPECT_FALSE(has(answer, "\nSet-Cookie"));
    EXPECT_TRUE(has(answer, "\r\n\r\na, b"));
}

TEST_F(HttpServer, ends_a_request_that_comes_too_slowly_with_408) {
    start({.request_timeout = milliseconds(80)});
    Client& head = connect();
    head.say("GET /echo/1 HT");
    EXPECT_EQ(status_of(head.answer()), 408);
    Client& body = connect();
    body.say("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    EXPECT_EQ(status_of(body.answer()), 408);
}

TEST_F(HttpServer, refuses_at_once_what_can_become_no_request) {
    start({.request_timeout = std::chrono::minutes(10)});
    for (const std::string& bytes : {std::string("GET /echo/1 HTTP/1.1\nHost: x\n\n"),
                                     std::string("GET /echo/1 HTTP/1.1\r\nHost: x\n\n"),
                                     std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8),
                                     std::string("\n"), std::string("\0\0\0", 3)}) {
        const std::string answer = ask(bytes);
        EXPECT_EQ(status_of(answer), 400) << bytes;
        EXPECT_TRUE(has(answer, R"("code":"invalid")")) << answer;
    }
    Client& drip = connect();
    for (const char c : get("/echo/1")) drip.say(std::string(1, c));
    EXPECT_EQ(status_of(drip.answer()), 200);
}

TEST_F(HttpServer, takes_a_head_however_it_is_cut) {
    start();
    const std::string whole = "GET /echo/1 HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n";
    Client& client = connect();
    for (std::size_t at = 1; at < whole.size(); ++at) {
        // The first one's answer shows that the part behind it has been read.
        client.say(get("/echo/0") + whole.substr(0, at));
        EXPECT_EQ(status_of(client.answer()), 200);
        client.say(whole.substr(at));
        ASSERT_EQ(status_of(client.answer()), 200) << at;
    }
}

TEST_F(HttpServer, answers_who_ends_in_the_middle_of_a_request) {
    start();
    for (const std::string bytes :
         {"GET /echo/1 HTTP/1.1\r\nHo",
          "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe",
          "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"}) {
        Client& client = connect();
        client.say(bytes);
        client.finish();
        const std::string answer = client.answer();
        EXPECT_EQ(status_of(answer), 400) << bytes;
        EXPECT_TRUE(has(answer, "ended before it was whole")) << answer;
    }
    Client& nothing = connect();
    nothing.finish();
    EXPECT_TRUE(nothing.closed());
}

TEST_F(HttpServer, closes_an_idle_connection_without_a_word) {
    start({.idle_timeout = milliseconds(50)});
    Client& fresh = connect();
    EXPECT_TRUE(fresh.closed());
    Client& used = connect();
    used.say(get("/echo/1"));
    EXPECT_EQ(status_of(used.answer()), 200);
    EXPECT_TRUE(used.closed());
}

TEST_F(HttpServer, answers_504_when_the_handler_takes_too_long_and_ignores_its_late_answer) {
    start({.reply_timeout = milliseconds(50)});
    Client& client = connect();
    client.say(get("/held"));
    EXPECT_EQ(status_of(client.answer()), 504);
    take_held()({200, "text/plain", {}, "late"});
    client.say(get("/echo/1"));
    EXPECT_TRUE(has(client.answer(), "GET 1"));
}

TEST_F(HttpServer, takes_only_the_first_of_two_answers) {
    start();
    Client& client = connect();
    client.say(get("/held") + get("/held"));
    const Responder first = take_held();
    first({200, "text/plain", {}, "one"});
    first({200, "text/plain", {}, "two"});
    EXPECT_TRUE(has(client.answer(), "one"));
    take_held()({200, "text/plain", {}, "three"});
    EXPECT_TRUE(has(client.answer(), "three"));
}

TEST_F(HttpServer, finishes_what_is_being_answered_when_it_stops) {
    start();
    Client& busy = connect();
    busy.say(get("/held"));
    const Responder respond = take_held();
    Client& idle = connect();
    idle.say(get("/echo/1"));
    idle.answer();
    std::thread stopper([&] { server_->stop(std::chrono::seconds(patience_seconds)); });
    EXPECT_TRUE(idle.closed());  // so the drain has begun
    respond({200, "text/plain", {}, "done"});
    const std::string answer = busy.answer();
    EXPECT_TRUE(has(answer, "done"));
    EXPECT_TRUE(has(answer, "Connection: close"));
    busy.finish();
    stopper.join();
    EXPECT_FALSE(Client(server_->port()).connected());
}

TEST_F(HttpServer, does_no_harm_to_who_answers_after_it_has_gone) {
    start();
    Client& client = connect();
    client.say(get("/held"));
    const Responder respond = take_held();
    server_.reset();
    respond({200, "text/plain", {}, "too late"});
    EXPECT_TRUE(client.closed());
}

TEST_F(HttpServer, names_the_address_that_is_taken) {
    start();
    try {
        Server second({.port = server_->port()}, Router(), nullptr);
        FAIL() << "two servers on one port";
    } catch (const std::system_error& error) {
        EXPECT_TRUE(has(error.what(), "127.0.0.1:" + std::to_string(server_->port())));
    }
}

TEST_F(HttpServer, counts_by_route_method_and_code) {
    start();
    ask(get("/echo/1"));
    ask(get("/echo/2"));
    ask(get("/nothing/at/all"));
    ask("BREW /echo/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    server_->stop(std::chrono::seconds(patience_seconds));
    const std::string text = metrics_.exposition();
    EXPECT_TRUE(has(text, R"(foldstream_http_requests_total{code="200",method="GET",)"
                          R"(route="/echo/{id}"} 2)"))
        << text;
    EXPECT_TRUE(has(text, R"({code="404",method="GET",route="none"} 1)")) << text;
    EXPECT_TRUE(has(text, R"({code="405",method="other",route="none"} 1)")) << text;
    EXPECT_TRUE(has(text, "foldstream_http_request_duration_seconds_bucket")) << text;
}

TEST(AdminRoutes, tell_health_metrics_and_build) {
    runtime::Metrics metrics;
    metrics.counter("foldstream_x_total", "x").Increment();
    runtime::Health health;
    health.ready("loop", [] { return std::string("not yet"); });
    Server server({}, admin_routes(metrics, health, "projector"), nullptr);
    const auto ask = [&](const std::string& target) {
        Client client(server.port());
        client.say(get(target));
        return client.answer();
    };
    EXPECT_EQ(status_of(ask("/healthz")), 200);
    const std::string ready = ask("/readyz");
    EXPECT_EQ(status_of(ready), 503);
    EXPECT_TRUE(has(ready, "not yet"));
    EXPECT_TRUE(has(ask("/metrics"), "foldstream_x_total 1"));
    EXPECT_TRUE(has(ask("/buildz"), R"({"process":"projector","version":")"));
}

}  // namespace
}  // namespace foldstream::http
