#include "bench/replay/recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace foldstream::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string number(std::uint32_t value, int bytes) {
    std::string text;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        text += static_cast<char>(value >> static_cast<unsigned>(shift));
    return text;
}

std::string text(const std::string& value) { return value + '\0'; }

// What a client of the protocol sends.
class Client {
public:
    Client() {
        said_ = number(8, 4) + number(80'877'103, 4);  // may it be encrypted?
        const std::string settings = text("user") + text("me") + text("");
        said_ += number(static_cast<std::uint32_t>(8 + settings.size()), 4) + number(196'608, 4);
        said_ += settings;
    }
    Client& say(char type, const std::string& body) {
        said_ += type + number(static_cast<std::uint32_t>(4 + body.size()), 4) + body;
        return *this;
    }
    Client& script(const std::string& sql) { return say('Q', text(sql)); }
    Client& once(const std::string& sql) {
        say('P', text("") + text(sql) + number(0, 2));
        return bind("", {});
    }
    Client& prepare(const std::string& name, const std::string& sql) {
        return say('P', text(name) + text(sql) + number(0, 2)).say('S', "");
    }
    Client& bind(const std::string& name, const std::vector<std::optional<std::string>>& params,
                 const std::vector<std::uint32_t>& formats = {}) {
        std::string body = text("") + text(name);
        body += number(static_cast<std::uint32_t>(formats.size()), 2);
        for (const std::uint32_t format : formats) body += number(format, 2);
        body += number(static_cast<std::uint32_t>(params.size()), 2);
        for (const auto& param : params) {
            body += param ? number(static_cast<std::uint32_t>(param->size()), 4) + *param
                          : number(0xffff'ffffU, 4);
        }
        say('B', body + number(1, 2) + number(0, 2));
        return say('D', text("P")).say('E', text("") + number(0, 4)).say('S', "");
    }
    [[nodiscard]] const std::string& said() const { return said_; }

private:
    std::string said_;
};

std::vector<std::string> texts(const std::vector<Step>& steps) {
    std::vector<std::string> found;
    for (const Step& step : steps) found.push_back(step.sql);
    return found;
}

std::string refusal(const std::string& bytes) {
    try {
        (void)read_recording(bytes);
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "";
}

TEST(Recording, gives_back_what_was_said_with_its_parameters) {
    Client client;
    client.script("SET a = 1").prepare("s", "INSERT INTO x.t VALUES ($1, $2)").once("BEGIN");
    client.bind("s", {std::string("{\"a,b\"}"), std::nullopt}).say('X', "");
    const std::vector<Step> steps = read_recording(client.said());
    ASSERT_EQ(steps.size(), 4U);
    EXPECT_EQ(steps[0].kind, StepKind::script);
    EXPECT_EQ(steps[1].kind, StepKind::prepare);
    EXPECT_EQ(steps[1].name, "s");
    EXPECT_EQ(steps[2].kind, StepKind::once);
    EXPECT_EQ(steps[2].sql, "BEGIN");
    EXPECT_EQ(steps[3].kind, StepKind::execute);
    EXPECT_EQ(steps[3].sql, "INSERT INTO x.t VALUES ($1, $2)");
    EXPECT_THAT(steps[3].params, ElementsAre("{\"a,b\"}", std::nullopt));
}

TEST(Recording, tells_binary_parameters_from_text) {
    Client client;
    client.prepare("s", "INSERT INTO x.t VALUES ($1, $2)");
    const std::string with_zero("\0\1", 2);
    client.bind("s", {with_zero, std::nullopt}, {1, 1}).bind("s", {"a", "b"}, {0, 0});
    const std::vector<Step> steps = read_recording(client.said());
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_TRUE(steps[1].binary);
    EXPECT_THAT(steps[1].params, ElementsAre(with_zero, std::nullopt));
    EXPECT_FALSE(steps[2].binary);
    Client mixed;
    mixed.prepare("s", "INSERT INTO x.t VALUES ($1, $2)").bind("s", {"a", "b"}, {0, 1});
    EXPECT_THAT(refusal(mixed.said()), HasSubstr("both formats"));
}

TEST(Recording, refuses_what_the_replayer_could_not_say_in_the_same_way) {
    EXPECT_THAT(refusal("GET / HTTP/1.1\r\n\r\n"), HasSubstr("recording"));
    EXPECT_THAT(refusal(Client().say('p', text("secret")).said()), HasSubstr("password"));
    EXPECT_THAT(refusal(Client().bind("unknown", {}).said()), HasSubstr("not prepared"));
    Client two;
    two.say('P', text("") + text("SELECT 1") + number(0, 2));
    two.say('P', text("") + text("SELECT 2") + number(0, 2));
    EXPECT_THAT(refusal(two.said()), HasSubstr("two statements"));
    const std::string whole = Client().once("BEGIN").said();
    EXPECT_THAT(refusal(whole.substr(0, whole.size() - 1)), HasSubstr("cut short"));
}

TEST(Recording, is_cut_behind_the_last_transaction_that_writes_rows) {
    Client client;
    client.script("SET a = 1").prepare("i", "INSERT INTO x.t VALUES (1)");
    client.prepare("u", "UPDATE y.c SET a = 1");
    client.once("BEGIN").bind("i", {}).bind("u", {}).once("COMMIT");
    client.once("BEGIN").bind("u", {}).once("COMMIT");
    const Transactions cut = cut_to_transactions(read_recording(client.said()), "x");
    EXPECT_EQ(cut.first, 3U);
    EXPECT_THAT(
        texts(cut.steps),
        ElementsAre("SET a = 1", "INSERT INTO x.t VALUES (1)", "UPDATE y.c SET a = 1", "BEGIN",
                    "INSERT INTO x.t VALUES (1)", "UPDATE y.c SET a = 1", "COMMIT"));
    EXPECT_THROW((void)cut_to_transactions(read_recording(client.said()), "z"),
                 std::invalid_argument);
}

}  // namespace
}  // namespace foldstream::bench
