// A query-service over read models of a test's own, asked by HTTP.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cctype>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/query-service/read_models.hpp"
#include "tests/unit/common/http/client.hpp"

namespace foldstream::query {

namespace json = boost::json;
using Headers = std::map<std::string, std::string>;

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  // lower case
    std::string body;

    [[nodiscard]] json::value read() const { return json::parse(body); }
    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "(none)" : found->second;
    }
    [[nodiscard]] std::string code() const {
        return std::string(json::value_to<std::string>(read().at("code")));
    }
};

inline Answer parse(const std::string& text) {
    Answer answer;
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return answer;
    answer.status = std::stoi(text.substr(9, 3));
    answer.body = text.substr(end + 4);
    std::size_t at = text.find("\r\n") + 2;
    while (at < end) {
        const std::size_t line_end = text.find("\r\n", at);
        const std::string line = text.substr(at, line_end - at);
        std::string name = line.substr(0, line.find(':'));
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        answer.headers[name] = line.substr(line.find(':') + 2);
        at = line_end + 2;
    }
    return answer;
}

class Serving : public ::testing::Test {
protected:
    Serving() {
        for (int p = 0; p < partitions; ++p) {
            models_.checkpoint(p, 10 + static_cast<std::uint64_t>(p), 20 + p);
            logs_->ends[Partition(p)] = Offset(20 + p);
        }
    }
    void start(Options options = {}) {
        options.http.port = 0;
        options.poll_interval_ms = 50;
        if (options.postgres_url.empty()) options.postgres_url = models_.reading_url();
        service_ = std::make_unique<Service>(options, domains::registry(),
                                             std::make_unique<FakeLogEnds>(logs_));
    }
    Answer get(const std::string& target, const Headers& headers = {},
               const std::string& method = "GET") {
        http::Client client(service_->port());
        std::string text = method + " " + target + " HTTP/1.1\r\nHost: x\r\n";
        for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
        client.say(text + "\r\n");
        return parse(client.answer(method == "HEAD"));
    }
    bool ready() {
        http::Client client(service_->admin_port());
        client.say("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
        return parse(client.answer()).status == 200;
    }
    bool waiting() {
        http::Client client(service_->admin_port());
        client.say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        return client.answer().find("\nfoldstream_query_waiting 1") != std::string::npos;
    }
    // Whether a statement waits for a lock.
    bool blocked() {
        return models_.database()
                   .connect()
                   .exec(
                       "SELECT count(*) FROM pg_stat_activity WHERE usename = 'foldstream_query' "
                       "AND datname = current_database() AND wait_event_type = 'Lock'")
                   .integer(0, 0) > 0;
    }
    // Asks until the answer is as wanted, or the time is over.
    template <typename Wanted>
    bool soon(Wanted wanted) {
        const auto until =
            std::chrono::steady_clock::now() + std::chrono::seconds(http::patience_seconds);
        while (!wanted()) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::yield();
        }
        return true;
    }
    static std::vector<std::string> ids(const Answer& answer) {
        std::vector<std::string> found;
        const json::value list = answer.read();
        for (const auto& row : list.at("data").as_array()) {
            found.emplace_back(row.at("orderId").as_string().c_str());
        }
        return found;
    }
    std::string next(const Answer& answer) {
        const json::value list = answer.read();
        const json::value& value = list.at("page").at("next");
        return value.is_null() ? "" : std::string(value.as_string());
    }
    std::vector<std::string> all_pages(const std::string& target) {
        std::vector<std::string> all;
        std::string cursor;
        do {
            const Answer page = get(target + (cursor.empty() ? "" : "&cursor=" + cursor));
            EXPECT_EQ(page.status, 200) << page.body;
            if (page.status != 200) return all;
            for (auto& id : ids(page)) all.push_back(id);
            cursor = next(page);
        } while (!cursor.empty() && all.size() < 1000);
        return all;
    }

    ReadModels models_;
    std::shared_ptr<FakeLogEnds::State> logs_ = std::make_shared<FakeLogEnds::State>();
    std::unique_ptr<Service> service_;
};

}  // namespace foldstream::query
