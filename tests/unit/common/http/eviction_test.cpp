#include "common/http/eviction.hpp"

#include <gmock/gmock.h>

#include <list>
#include <utility>

#include "common/http/session.hpp"
#include "tests/unit/common/http/echo_server.hpp"

namespace foldstream::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;

struct Somebody : Connection {
    Somebody(std::vector<int>& gone, int number, Standing standing)
        : gone_(gone), number_(number), standing_(standing) {}
    void drain() override {}
    void abort() override {}
    [[nodiscard]] Standing standing() const override { return standing_; }
    bool give_way(Standing standing) override {
        if (standing_ != standing) return false;
        standing_ = Standing(Doing::working, {});
        gone_.push_back(number_);
        return true;
    }
    bool give_way_if_slow() override { return false; }

    std::vector<int>& gone_;
    int number_;
    Standing standing_;
};

struct Crowd {
    void comes(Doing doing, seconds ago) {
        const int number = static_cast<int>(all.size());
        all.push_back(
            std::make_shared<Somebody>(gone, number, Standing(doing, steady_clock::now() - ago)));
    }
    bool make_room() {
        return eviction.make_room([this] { return Eviction::Connections(all.begin(), all.end()); });
    }

    std::vector<int> gone;
    std::vector<std::shared_ptr<Somebody>> all;
    Eviction eviction;
};

TEST(Eviction, has_the_least_busy_go_first_and_of_those_the_oldest) {
    Crowd crowd;
    crowd.comes(Doing::working, seconds(99));
    crowd.comes(Doing::taking, seconds(50));
    crowd.comes(Doing::arriving, seconds(50));
    crowd.comes(Doing::arriving, seconds(0));
    crowd.comes(Doing::taking, seconds(0));
    crowd.comes(Doing::resting, seconds(1));
    crowd.comes(Doing::nothing, seconds(1));
    crowd.comes(Doing::nothing, seconds(2));
    crowd.comes(Doing::leaving, seconds(0));
    while (crowd.make_room()) {
    }
    EXPECT_THAT(crowd.gone, ElementsAre(8, 7, 6, 5, 2, 1));
}

TEST(Eviction, leaves_alone_who_has_begun_something_since_it_was_found) {
    Crowd crowd;
    for (int i = 0; i < 40; ++i) crowd.comes(Doing::nothing, seconds(100 - i));
    EXPECT_TRUE(crowd.make_room());
    crowd.all[1]->standing_ = Standing(Doing::working, steady_clock::now());
    crowd.all[2].reset();
    crowd.all.erase(crowd.all.begin() + 2);
    EXPECT_TRUE(crowd.make_room());
    EXPECT_TRUE(crowd.make_room());
    EXPECT_THAT(crowd.gone, ElementsAre(0, 3, 4));
}

class FullServer : public HttpServer {
protected:
    // Its place is taken until it has been answered.
    Responder hold() {
        connect().say(get("/held"));
        return take_held();
    }
    // Who has been answered just now may not have come to rest yet.
    std::string ask_until_served(const std::string& target) {
        std::string answer;
        do {
            answer = ask(get(target));
        } while (status_of(answer) == 503);
        return answer;
    }
};

TEST_F(FullServer, closes_who_is_idle_for_who_comes) {
    start({.max_connections = 2});
    Client& asked = connect();
    asked.say(get("/echo/1"));
    EXPECT_EQ(status_of(asked.answer()), 200);
    Client& silent = connect();
    EXPECT_EQ(status_of(ask(get("/echo/2"))), 200);
    EXPECT_TRUE(silent.closed());
    EXPECT_EQ(status_of(ask_until_served("/echo/3")), 200);
    EXPECT_TRUE(asked.closed());
}

TEST_F(FullServer, serves_each_of_a_crowd_that_comes_and_says_nothing) {
    start({.max_connections = 8});
    for (int i = 0; i < 200; ++i) connect();
    EXPECT_EQ(status_of(ask(get("/echo/1"))), 200);
}

TEST_F(FullServer, refuses_who_is_slow_for_who_comes) {
    start({.max_connections = 1});
    Client slow(server_->port());
    slow.say("GET /echo/1 HTTP/1.1\r\n");
    int status = 503;
    while (status == 503) {  // until the first one has been slow for long enough
        Client next(server_->port());
        next.say(get("/echo/2"));
        status = status_of(next.answer());
    }
    EXPECT_EQ(status, 200);
    const std::string refused = slow.answer();
    EXPECT_EQ(status_of(refused), 503);
    EXPECT_TRUE(has(refused, R"("code":"overloaded")")) << refused;
    EXPECT_TRUE(has(refused, "Retry-After: 1\r\n"));
    EXPECT_TRUE(slow.closed());
}

TEST_F(FullServer, says_503_while_all_are_being_answered_and_recovers) {
    start({.max_connections = 1});
    const Responder respond = hold();
    const std::string refused = Client(server_->port()).answer();
    EXPECT_EQ(status_of(refused), 503);
    EXPECT_TRUE(has(refused, "Retry-After: 1"));
    respond({200, "text/plain", {}, "done"});
    EXPECT_EQ(status_of(clients_.front().answer()), 200);
    EXPECT_EQ(status_of(ask_until_served("/echo/1")), 200);
}

TEST_F(FullServer, gives_the_place_of_a_slow_large_body_to_who_comes) {
    start();
    const std::string head = "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n";
    Client& slow = connect();
    slow.say(head + "begins");
    Client* next = nullptr;
    std::string refused;
    for (;;) {  // until the first one has been slow for long enough
        next = &connect();
        next->say(head + std::string(50, 'x'));
        {
            std::unique_lock lock(mutex_);
            if (came_.wait_for(lock, milliseconds(100), [this] { return !held_.empty(); })) break;
        }
        refused = next->answer();
        ASSERT_EQ(status_of(refused), 429) << refused;
    }
    EXPECT_FALSE(refused.empty());  // a moment is not slow
    EXPECT_EQ(status_of(slow.answer()), 503);
    EXPECT_EQ(status_of(ask(head + std::string(50, 'x'))), 429);  // there is one place, as before
    take_held()({200, "text/plain", {}, "done"});
    EXPECT_EQ(status_of(next->answer()), 200);
    connect().say(head + std::string(50, 'x'));
    take_held()({200, "text/plain", {}, "done"});
}

TEST_F(FullServer, gives_the_place_of_a_large_body_whose_answer_nobody_takes_to_who_comes) {
    ServerOptions options;
    options.write_timeout = std::chrono::minutes(10);
    HttpServer::start(options);
    const std::string large =
        "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n" + std::string(50, 'x');
    connect().say(large);
    constexpr std::size_t more_than_kernels_take = 64 * 1024 * 1024;
    take_held()({200, "text/plain", {}, std::string(more_than_kernels_take, 'x')});
    int refused = 0;
    for (bool taken = false; !taken;) {  // until the first one has been deaf for long enough
        Client& next = connect();
        next.say(large);
        std::unique_lock lock(mutex_);
        taken = came_.wait_for(lock, milliseconds(200), [this] { return !held_.empty(); });
        if (taken) continue;
        lock.unlock();
        ASSERT_EQ(status_of(next.answer()), 429);
        ASSERT_LT(++refused, 300);
    }
    EXPECT_GT(refused, 0);
    take_held()({200, "text/plain", {}, "done"});
}

}  // namespace
}  // namespace foldstream::http
