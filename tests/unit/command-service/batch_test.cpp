#include "command-service/batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "common/fold/command_record.hpp"
#include "domains/registry.hpp"
#include "tests/unit/command-service/doors.hpp"

namespace foldstream::command_service {
namespace {

std::string line(const std::string& id, const std::string& more = "") {
    return R"({"domain":"orders","command":"ShipOrder","commandId":")" + id + "\"" + more + "}\n";
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

class Batches : public testing::Test {
protected:
    void start(std::string ndjson, Terms terms = {}) {
        Batch::start({&domains::registry(), &door_, std::move(terms), "ada"}, std::move(ndjson),
                     [this](http::Response response) {
                         ++answers_;
                         answer_ = std::move(response);
                     });
    }
    // The commands' ids in the order of their coming, each answered at once.
    std::vector<std::string> answer_all() {
        std::vector<std::string> ids;
        while (!door_.held.empty()) {
            ids.push_back(*door_.held.front().command_id);
            door_.answer(ids.back());
        }
        return ids;
    }

    HeldDoor door_;
    int answers_ = 0;
    http::Response answer_;
};

TEST_F(Batches, answers_in_the_order_of_the_lines_when_all_are_decided) {
    start(line("c-1") + line("c-2", R"(,"expectedVersion":4,"body":{"orderId":"o"})") +
          line("c-3"));
    ASSERT_EQ(door_.held.size(), 3U);
    EXPECT_EQ(door_.held[1].expected_version, "4");
    EXPECT_FALSE(door_.held[1].if_match);
    EXPECT_EQ(door_.held[1].body, R"({"orderId":"o"})");
    EXPECT_EQ(door_.held[1].client, "ada");
    std::swap(door_.held[0], door_.held[2]);
    door_.answer("third");
    door_.answer("second", 409);
    EXPECT_EQ(answers_, 0);
    door_.answer("first");
    ASSERT_EQ(answers_, 1);
    EXPECT_EQ(answer_.status, 200);
    EXPECT_EQ(answer_.content_type, "application/x-ndjson");
    EXPECT_EQ(answer_.body,
              "{\"said\":\"first\",\"httpStatus\":200}\n"
              "{\"said\":\"second\",\"httpStatus\":409}\n"
              "{\"said\":\"third\",\"httpStatus\":200}\n");
}

TEST_F(Batches, answers_a_bad_line_in_its_place_and_goes_on) {
    const std::string huge(fold::max_command_bytes + 1, 'x');
    start(line("c-1") + "nonsense\n" + R"({"domain":"none","command":"ShipOrder"})" + "\n" +
          R"({"domain":"orders","command":"None"})" + "\n" + huge + "\n" + line("c-2"));
    EXPECT_EQ(answer_all(), (std::vector<std::string>{"c-1", "c-2"}));
    ASSERT_EQ(answers_, 1);
    const auto lines = split(answer_.body);
    ASSERT_EQ(lines.size(), 6U);
    const std::vector<std::string> ends{"200}", "400}", "404}", "404}", "413}", "200}"};
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_TRUE(lines[i].ends_with("\"httpStatus\":" + ends[i])) << lines[i];
    }
}

TEST_F(Batches, have_a_window_in_flight_and_no_more) {
    std::string ndjson;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 3 * batch_window; ++i) {
        ids.push_back(std::to_string(i));
        ndjson += line(ids.back());
    }
    start(ndjson);
    EXPECT_EQ(answer_all(), ids);
    EXPECT_EQ(door_.most_held, batch_window);
    EXPECT_EQ(answers_, 1);
}

TEST_F(Batches, wait_for_room_that_their_own_commands_make) {
    door_.room = 2;
    start(line("1") + line("2") + line("3") + line("4") + line("5"));
    EXPECT_EQ(answer_all(), (std::vector<std::string>{"1", "2", "3", "4", "5"}));
    EXPECT_EQ(answers_, 1);
}

TEST_F(Batches, whose_room_others_take_are_told_so_line_by_line) {
    door_.room = 0;
    start(line("1") + line("2"));
    ASSERT_EQ(answers_, 1);
    const auto lines = split(answer_.body);
    ASSERT_EQ(lines.size(), 2U);
    for (const std::string& said : lines) EXPECT_TRUE(said.ends_with("\"httpStatus\":429}"));
}

TEST_F(Batches, pass_preferences_on_to_each_line) {
    Terms terms;
    terms.dry_run = true;
    terms.wish = Wish::delivery;
    start(line("1"), terms);
    EXPECT_TRUE(door_.held.at(0).dry_run);
    EXPECT_EQ(door_.held.at(0).wish, Wish::delivery);
    door_.answer("1");
}

TEST_F(Batches, without_lines_are_answered_without_lines) {
    start("\n");
    EXPECT_EQ(answers_, 1);
    EXPECT_EQ(answer_.status, 200);
    EXPECT_EQ(answer_.body, "");
}

TEST_F(Batches, with_too_many_lines_are_refused_whole) {
    std::string ndjson;
    for (std::size_t i = 0; i <= max_batch_lines; ++i) ndjson += line("c");
    start(ndjson);
    EXPECT_EQ(answer_.status, 413);
    EXPECT_TRUE(door_.held.empty());
}

// Answers from threads of its own, as fast as it can.
class BusyDoor final : public Door {
public:
    ~BusyDoor() override { join(); }
    Admission submit(const Submission& given, Respond respond) override {
        const std::lock_guard lock(mutex_);
        sent_.push_back(*given.command_id);
        auto& thread = threads_.at(sent_.size() % threads_.size());
        if (thread.joinable()) thread.join();
        thread = std::thread([respond = std::move(respond), id = *given.command_id] {
            respond({200, "application/json", {}, "{\"said\":\"" + id + "\"}"});
        });
        return Admission::admitted;
    }
    void join() {
        for (std::thread& thread : threads_) {
            if (thread.joinable()) thread.join();
        }
    }
    std::vector<std::string> sent_;

private:
    std::mutex mutex_;
    std::array<std::thread, batch_window> threads_;
};

TEST(Batch, keeps_its_order_when_its_commands_are_answered_from_several_threads) {
    constexpr int count = 200;
    BusyDoor door;
    std::string ndjson;
    std::string due;
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) {
        ids.push_back(std::to_string(i));
        ndjson += line(ids.back());
        due += "{\"said\":\"" + ids.back() + "\",\"httpStatus\":200}\n";
    }
    std::atomic<int> answers = 0;
    std::string body;
    Batch::start({&domains::registry(), &door, {}, ""}, ndjson, [&](http::Response response) {
        ++answers;
        body = std::move(response.body);
    });
    door.join();
    EXPECT_EQ(answers, 1);
    EXPECT_EQ(body, due);
    EXPECT_EQ(door.sent_, ids);
}

}  // namespace
}  // namespace foldstream::command_service
