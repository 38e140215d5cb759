#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cloud_event.hpp"
#include "cli/raw_text.hpp"
#include "common/codec/frame.hpp"
#include "domains/registry.hpp"
#include "foldstream/orders/v1/events.pb.h"

namespace foldstream::cli {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const fold::DomainModule& orders() { return *domains::registry().find("orders"); }

v1::Entry shipped() {
    v1::Entry entry;
    entry.mutable_command()->set_offset(55);
    entry.set_next_offset(56);
    entry.set_outcome(v1::OUTCOME_ACCEPTED);
    entry.set_command_id("c 1");
    entry.set_command_type("foldstream.orders.v1.ShipOrder");
    entry.set_aggregate_id("o-1");
    entry.set_version(4);
    entry.set_time_ms(1'769'000'000'123);
    v1::Event& event = *entry.add_events();
    event.set_type("foldstream.orders.v1.OrderShipped");
    event.set_version(4);
    orders::v1::OrderShipped body;
    body.set_tracking_number("T-1");
    event.set_payload(body.SerializeAsString());
    return entry;
}

fold::Meta place() {
    fold::Meta meta;
    meta.domain = "orders";
    meta.partition = Partition(3);
    meta.sequence = Sequence(1042);
    return meta;
}

// A record of one entry behind a claim, with the reader that has read the claim.
struct OneEntry {
    replay::LogReader reader;
    std::string value;

    OneEntry() {
        v1::Claim claim;
        claim.set_nonce(std::string(16, '\x11'));
        claim.set_owner("host 7");
        claim_value = codec::claim_record(Epoch(1), claim.SerializeAsString());
        claimed = reader.feed({Offset(0), 1'000, claim_value});
        v1::Entries body;
        *body.add_entries() = shipped();
        value = codec::entries_record(Epoch(1), Sequence(1), reader.position().link, 1,
                                      body.SerializeAsString());
    }
    std::string claim_value;
    replay::ReadResult claimed;
};

}  // namespace

TEST(CloudEvent, has_the_attributes_of_the_interfaces) {
    const v1::Entry entry = shipped();
    EXPECT_EQ(cloud_event(orders(), place(), entry, entry.events(0)),
              R"({"specversion":"1.0","id":"orders:3:1042:0","source":"/foldstream/orders/3",)"
              R"("type":"foldstream.orders.v1.OrderShipped","subject":"o-1",)"
              R"("time":"2026-01-21T12:53:20.123Z","sequence":"1042","aggregateversion":"4",)"
              R"("commandid":"c 1","datacontenttype":"application/json",)"
              R"("data":{"trackingNumber":"T-1"}})");
}

TEST(CloudEvent, carries_the_trace_when_there_is_one) {
    v1::Entry entry = shipped();
    entry.set_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    EXPECT_THAT(cloud_event(orders(), place(), entry, entry.events(0)),
                HasSubstr(R"("traceparent":"00-0af7651916cd43dd8448eb211c80319c-)"));
}

TEST(CloudEvent, gives_the_bytes_of_what_this_binary_cannot_read) {
    v1::Entry entry = shipped();
    entry.mutable_events(0)->set_type("foldstream.orders.v9.OrderShipped");
    entry.mutable_events(0)->set_payload("\x0a\x03T-1");
    const std::string text = cloud_event(orders(), place(), entry, entry.events(0));
    EXPECT_THAT(text, HasSubstr(R"("datacontenttype":"application/protobuf")"));
    EXPECT_THAT(text, HasSubstr(R"("data_base64":"CgNULTE=")"));
    entry = shipped();
    entry.mutable_events(0)->set_payload("\xff\xff");
    EXPECT_THAT(cloud_event(orders(), place(), entry, entry.events(0)), HasSubstr("data_base64"));
}

TEST(CloudEvent, base64_is_that_of_the_rfc) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64(std::string_view("\xff\x00\xfe", 3)), "/wD+");
}

TEST(RawText, a_claim_names_its_owner_and_nonce) {
    const OneEntry log;
    const std::string text =
        raw_text({Partition(0), Offset(0), 1'000, log.claim_value}, log.claimed);
    EXPECT_THAT(text, HasSubstr("partition=0 offset=0 time=1970-01-01T00:00:01.000Z"));
    EXPECT_THAT(text, HasSubstr("kind=claim epoch=1"));
    EXPECT_THAT(text, HasSubstr("verdict=valid owner=\"host 7\""));
    EXPECT_THAT(text, HasSubstr("nonce=11111111-1111-1111-1111-111111111111"));
}

TEST(RawText, valid_entries_stand_below_their_record_one_a_line) {
    OneEntry log;
    const auto result = log.reader.feed({Offset(1), 2'000, log.value});
    const std::string text = raw_text({Partition(0), Offset(1), 2'000, log.value}, result);
    EXPECT_THAT(text, HasSubstr("kind=entries epoch=1 sequence=1 count=1 prev="));
    EXPECT_THAT(text, HasSubstr("\n  sequence=1 input=command@55 next_offset=56 outcome=accepted "
                                "type=foldstream.orders.v1.ShipOrder command=\"c 1\" "
                                "aggregate=o-1 version=4 "
                                "event=foldstream.orders.v1.OrderShipped/4\n"));
    const std::string json = raw_json({Partition(0), Offset(1), 2'000, log.value}, result);
    EXPECT_THAT(json, HasSubstr(R"("verdict":"valid","entries":[{"sequence":1,)"));
    EXPECT_THAT(json, HasSubstr(R"("nextOffset":56)"));
    EXPECT_THAT(json, Not(HasSubstr("\n")));
}

TEST(RawText, an_ignored_record_says_why_and_shows_no_entries) {
    OneEntry log;
    (void)log.reader.feed({Offset(1), 2'000, log.value});
    const auto result = log.reader.feed({Offset(2), 2'000, log.value});
    const std::string text = raw_text({Partition(0), Offset(2), 2'000, log.value}, result);
    EXPECT_THAT(text, HasSubstr("verdict=ignored:repeat (its sequence has been read already)\n"));
    EXPECT_THAT(text, Not(HasSubstr("input=")));
}

TEST(RawText, what_has_no_frame_is_shown_without_one) {
    const RawRecord record{Partition(0), Offset(4), 0, "hello"};
    const std::string text = raw_text(record, replay::Ignored{replay::Verdict::foreign});
    EXPECT_THAT(text, HasSubstr("bytes=5 verdict=ignored:foreign"));
    EXPECT_THAT(text, Not(HasSubstr("epoch")));
}

TEST(RawText, every_reason_to_ignore_a_record_has_its_sentence) {
    for (std::size_t i = 0; i < replay::verdict_count; ++i) {
        const auto verdict = static_cast<replay::Verdict>(i);
        EXPECT_EQ(!reason_of(verdict).empty(), replay::ignored(verdict)) << replay::name(verdict);
    }
}

TEST(RawText, a_stop_says_what_to_do) {
    OneEntry log;
    std::string unknown = log.value;
    unknown[3] = 9;
    const auto result = log.reader.feed({Offset(1), 2'000, unknown});
    const std::string text = raw_text({Partition(0), Offset(1), 2'000, unknown}, result);
    EXPECT_THAT(text, HasSubstr("kind=9"));
    EXPECT_THAT(text, HasSubstr("verdict=stop (a kind of record that this binary does not know"));
}

TEST(RawText, names_chosen_by_others_cannot_break_a_line) {
    OneEntry log;
    v1::Entries body;
    *body.add_entries() = shipped();
    body.mutable_entries(0)->set_command_id("x\n  sequence=9");
    const std::string value = codec::entries_record(
        Epoch(1), Sequence(1), log.reader.position().link, 1, body.SerializeAsString());
    const auto result = log.reader.feed({Offset(1), 2'000, value});
    const std::string text = raw_text({Partition(0), Offset(1), 2'000, value}, result);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    EXPECT_THAT(text, HasSubstr(R"(command="x\n  sequence=9")"));
}

}  // namespace foldstream::cli
