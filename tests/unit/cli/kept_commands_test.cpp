#include "cli/kept_commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/codec/partitioner.hpp"
#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

using ::testing::HasSubstr;

constexpr std::int32_t partitions = 4;

const fold::DomainModule& orders() { return *domains::registry().find("orders"); }

PlacedEntry crashed(std::uint64_t sequence, std::int32_t partition = 1) {
    PlacedEntry placed{Partition(partition), Sequence(sequence), {}};
    v1::Entry& entry = placed.entry;
    entry.set_outcome(v1::OUTCOME_REFUSED);
    entry.set_code("crashed");
    entry.mutable_command()->set_offset(sequence * 2);
    entry.mutable_command()->set_append_time_ms(1'700'000'000'000 +
                                                static_cast<std::int64_t>(sequence));
    entry.mutable_kept()->set_command_id("c-" + std::to_string(sequence));
    entry.mutable_kept()->set_type("foldstream.orders.v1.CancelOrder");
    entry.mutable_kept()->set_content_type(v1::CONTENT_TYPE_JSON);
    entry.mutable_kept()->set_value(R"({"orderId":"o-1"})");
    return placed;
}

v1::Command packed(const CommandToSend& record) {
    v1::Command command;
    EXPECT_TRUE(command.ParseFromString(record.value));
    return command;
}

CommandToSend again(const PlacedEntry& placed, const std::optional<std::string>& key = {}) {
    const auto made = record_again(orders(), placed, key, partitions);
    EXPECT_TRUE(std::holds_alternative<CommandToSend>(made));
    return std::get<CommandToSend>(made);
}

}  // namespace

TEST(KeptCommands, tells_what_an_entry_keeps) {
    const auto kept = kept_command(orders(), crashed(7));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept_json("orders", {*kept}),
              R"({"domain":"orders","data":[{"partition":1,"sequence":7,"offset":14,)"
              R"("commandId":"c-7","type":"foldstream.orders.v1.CancelOrder",)"
              R"("outcome":"refused","code":"crashed","bytes":17,)"
              R"("time":"2023-11-14T22:13:20.007Z"}]})");
    EXPECT_THAT(kept_text({*kept}), HasSubstr("crashed"));
    PlacedEntry lost = crashed(7);
    lost.entry.clear_kept();
    ASSERT_TRUE(kept_command(orders(), lost));
    EXPECT_THAT(kept_json("orders", {*kept_command(orders(), lost)}), HasSubstr(R"("bytes":null)"));
    EXPECT_THAT(kept_text({*kept_command(orders(), lost)}), HasSubstr("not kept"));
    v1::Entry plain;
    EXPECT_FALSE(kept_command(orders(), {Partition(1), Sequence(7), plain}));
}

TEST(KeptCommands, an_id_that_the_sender_did_not_give_is_the_owners) {
    PlacedEntry placed = crashed(7);
    placed.entry.mutable_kept()->clear_command_id();
    const std::string derived = Uuid::v5(orders().space, "orders.commands/1/14").text();
    EXPECT_EQ(kept_command(orders(), placed)->command_id, derived);
    EXPECT_EQ(packed(again(placed)).command_id(), derived);
}

TEST(KeptCommands, gives_the_newest_oldest_first) {
    KeptCommands kept(orders(), true, 3);
    for (const std::uint64_t sequence : {1, 4, 6}) kept.feed(crashed(sequence, 0));
    for (const std::uint64_t sequence : {2, 3, 5}) kept.feed(crashed(sequence, 3));
    PlacedEntry held = crashed(9, 3);
    held.entry.set_outcome(v1::OUTCOME_HELD);
    held.entry.clear_code();
    kept.feed(held);
    std::vector<std::uint64_t> sequences;
    for (const KeptCommand& one : kept.newest()) sequences.push_back(one.sequence.value);
    EXPECT_THAT(sequences, ::testing::ElementsAre(4, 5, 6));

    KeptCommands all(orders(), false, 0);
    all.feed(crashed(1));
    all.feed(held);
    EXPECT_EQ(all.newest().size(), 2U);
    EXPECT_EQ(all.newest().back().outcome, "held");
}

TEST(KeptCommands, goes_again_to_the_partition_of_its_key) {
    const CommandToSend record = again(crashed(7));
    EXPECT_EQ(record.topic, "orders.commands");
    EXPECT_EQ(record.key, "o-1");
    EXPECT_EQ(record.partition, codec::partition_of("o-1", partitions));
    EXPECT_TRUE(record.headers.empty());
    EXPECT_EQ(packed(record).command_id(), "c-7");
    EXPECT_EQ(packed(record).value(), R"({"orderId":"o-1"})");
    const CommandToSend keyed = again(crashed(7), "o-2");
    EXPECT_EQ(keyed.key, "o-2");
    EXPECT_EQ(keyed.partition, codec::partition_of("o-2", partitions));
}

TEST(KeptCommands, goes_again_with_the_key_that_its_entry_keeps) {
    PlacedEntry placed = crashed(7);
    placed.entry.mutable_kept()->set_value("{}");  // the id stood in the key alone
    placed.entry.set_kept_key("o-5");
    EXPECT_EQ(again(placed).key, "o-5");
    EXPECT_EQ(again(placed).partition, codec::partition_of("o-5", partitions));
    EXPECT_EQ(again(placed, "o-6").key, "o-6");  // the operator's word counts
    placed.entry.set_kept_key("no id");
    EXPECT_EQ(again(placed).key, "no id");
    EXPECT_EQ(again(placed).partition, Partition(1));
}

TEST(KeptCommands, what_cannot_be_decoded_goes_to_the_same_partition) {
    for (const char* body : {"{", R"({"orderId":7})", "\xff"}) {
        PlacedEntry placed = crashed(7, 2);
        placed.entry.mutable_kept()->set_value(body);
        EXPECT_EQ(again(placed).partition, Partition(2)) << body;
        EXPECT_EQ(again(placed).key, "");
    }
    PlacedEntry unknown = crashed(7, 2);
    unknown.entry.mutable_kept()->set_type("foldstream.orders.v9.Nothing");
    EXPECT_EQ(again(unknown).partition, Partition(2));
    EXPECT_EQ(again(unknown, "no id").partition, Partition(2));
}

TEST(KeptCommands, does_not_guess_an_aggregate) {
    PlacedEntry placed = crashed(7);
    placed.entry.mutable_kept()->set_value("{}");
    const auto made = record_again(orders(), placed, std::nullopt, partitions);
    ASSERT_TRUE(std::holds_alternative<std::string>(made));
    EXPECT_THAT(std::get<std::string>(made), HasSubstr("--key"));
    EXPECT_EQ(again(placed, "o-3").key, "o-3");
}

}  // namespace foldstream::cli
