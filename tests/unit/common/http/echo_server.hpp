// A server whose routes show what arrives.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/http/server.hpp"
#include "tests/unit/common/http/client.hpp"

namespace foldstream::http {

inline constexpr std::string_view host = "Host: x\r\n";

inline std::string get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\n" + std::string(host) + "\r\n";
}

inline int status_of(const std::string& answer) {
    return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}

inline bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// /held keeps its responders until somebody takes them.
class HttpServer : public testing::Test {
protected:
    Router routes() {
        Router router;
        router.add("GET", "/echo/{id}", [](const Request& request, const Responder& respond) {
            std::string body = request.method + " " + request.path_values.at("id");
            for (const auto& [name, value] : request.query) body += " " + name + "=" + value;
            respond({200, "text/plain", {{"X-Route", request.route}}, body});
        });
        router.add("POST", "/echo", [](const Request& request, const Responder& respond) {
            respond({200, "text/plain", {}, request.body});
        });
        router.add("GET", "/headers", [](const Request& request, const Responder& respond) {
            respond({200,
                     "text/plain",
                     {{"X-Evil", "a\r\nSet-Cookie: b"}},
                     std::string(request.header("x-twice").value_or(""))});
        });
        router.add("GET", "/throws", [](const Request&, const Responder&) {
            throw std::runtime_error("password=s3cret");
        });
        router.add("GET", "/forgets", [](const Request&, const Responder&) {});
        router.add("GET", "/unchanged", [](const Request&, const Responder& respond) {
            respond({304, "text/plain", {{"ETag", "W/\"1\""}}, ""});
        });
        const auto hold = [this](const Request&, const Responder& respond) {
            const std::lock_guard lock(mutex_);
            held_.push_back(respond);
            came_.notify_all();
        };
        router.add("POST", "/large", hold, LargeBodies{100, 1});
        router.add("GET", "/held", hold);
        return router;
    }

    void start(ServerOptions options = {}) {
        server_ = std::make_unique<Server>(options, routes(), &metrics_);
    }
    Client& connect() { return clients_.emplace_back(server_->port()); }
    std::string ask(const std::string& bytes) {
        Client& client = connect();
        client.say(bytes);
        return client.answer();
    }
    Responder take_held() {
        std::unique_lock lock(mutex_);
        came_.wait_for(lock, std::chrono::seconds(patience_seconds),
                       [this] { return !held_.empty(); });
        if (held_.empty()) throw std::runtime_error("no request came");
        Responder taken = std::move(held_.front());
        held_.pop_front();
        return taken;
    }

    runtime::Metrics metrics_;
    std::mutex mutex_;
    std::condition_variable came_;
    std::list<Responder> held_;
    std::unique_ptr<Server> server_;
    std::list<Client> clients_;
};

}  // namespace foldstream::http
