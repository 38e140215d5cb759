#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "common/codec/check.hpp"
#include "common/core/random.hpp"
#include "common/fold/command_record.hpp"
#include "tests/unit/common/fold/command_records.hpp"

namespace foldstream::fold {
namespace {

using namespace records;

// Whatever comes, there is an answer, and what it holds is bounded and can be written on.
void expect_an_answer(const Record& record) {
    const auto decoded = record.decode();
    const DecodedCommand* command = nullptr;
    if (decoded) {
        command = &decoded.value();
        ASSERT_EQ(codec::check(*command->message), Violations{});
    } else {
        ASSERT_FALSE(decoded.error().code.empty());
        ASSERT_FALSE(decoded.error().violations.empty());
        ASSERT_LE(decoded.error().violations.size(), 20U);
        for (const Violation& violation : decoded.error().violations) {
            ASSERT_TRUE(codec::is_utf8(violation.field + violation.message));
        }
        if (decoded.error().identified) command = &*decoded.error().identified;
    }
    if (command == nullptr) return;
    ASSERT_TRUE(codec::is_id(command->aggregate_id));
    ASSERT_FALSE(command->command_id.empty());
    ASSERT_LE(command->command_id.size(), 128U);
    ASSERT_TRUE(codec::is_utf8(command->command_id));
    ASSERT_LE(command->attributes.size(), 16U);
    ASSERT_EQ(command->body_hash.size(), 16U);
}

std::string random_bytes(Random& random, std::size_t below) {
    std::string bytes(random.below(below), '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

TEST(HostileCommandRecord, of_any_bytes_gets_an_answer) {
    SeededRandom random(4);
    for (int i = 0; i < 20'000; ++i) {
        Record record;
        if (random.below(2) == 0) record.key = random_bytes(random, 8);
        record.value = random_bytes(random, 40);
        expect_an_answer(record);
        record.headers = {{"ce_type", complete_type},
                          {"ce_id", random_bytes(random, 4)},
                          {random_bytes(random, 12), random_bytes(random, 4)}};
        expect_an_answer(record);
        record.headers.emplace_back("content-type", "application/json");
        expect_an_answer(record);
    }
}

TEST(HostileCommandRecord, that_was_good_before_it_was_changed_gets_an_answer) {
    SeededRandom random(5);
    v1::Command command = envelope();
    command.set_type(create_type);
    command.set_value(new_order("o-1").SerializeAsString());
    command.mutable_reply()->set_instance("gateway");
    command.add_attributes()->set_name("a");
    std::vector<Record> good;
    good.push_back(packed(command));
    good.push_back(by_headers({{"expected_version", "1"}, {"meta_a", "b"}, {"dry_run", "1"}}));
    good.push_back(
        {"o-1", order_json, {{"ce_type", create_type}, {"content-type", "application/json"}}});
    for (int i = 0; i < 30'000; ++i) {
        Record record = good[random.below(good.size())];
        std::vector<std::string*> parts = {&record.value, &*record.key};
        for (auto& [name, text] : record.headers) {
            parts.push_back(&name);
            parts.push_back(&text);
        }
        std::string& part = *parts[random.below(2) == 0 ? 0 : random.below(parts.size())];
        for (std::uint64_t n = random.below(4) + 1; n > 0; --n) {
            part.replace(random.below(part.size() + 1), random.below(4), random_bytes(random, 4));
        }
        expect_an_answer(record);
    }
}

TEST(HostileCommandRecord, cut_anywhere_gets_an_answer) {
    const Record good = packed([] {
        v1::Command command = envelope();
        command.set_type(create_type);
        command.set_value(new_order("o-1").SerializeAsString());
        return command;
    }());
    ASSERT_TRUE(good.decode());
    for (std::size_t size = 0; size < good.value.size(); ++size) {
        Record cut = good;
        cut.value.resize(size);
        expect_an_answer(cut);
    }
}

TEST(HostileCommandRecord, nested_as_deep_as_bytes_allow_gets_an_answer) {
    // Groups and length-delimited unknown fields: what a parser could recurse into.
    Record record = by_headers();
    record.value = std::string(500'000, '\x9b');
    expect_an_answer(record);
    record.value = std::string(500'000, '\x0b');
    expect_an_answer(record);
    record.value.clear();
    for (int i = 0; i < 200'000; ++i) record.value += "\x9b\x06";
    expect_an_answer(record);
}

}  // namespace
}  // namespace foldstream::fold
