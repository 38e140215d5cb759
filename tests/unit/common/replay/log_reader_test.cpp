#include "common/replay/log_reader.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace foldstream::replay {
namespace {

// A log that is written as an owner writes it.
class WrittenLog {
public:
    WrittenLog& claim(const std::string& nonce = "nonce") {
        v1::Claim body;
        body.set_nonce(nonce);
        ++epoch_;
        append(codec::claim_record(Epoch(epoch_), body.SerializeAsString()));
        link_ = codec::parse_frame(records_.back())->id;
        return *this;
    }
    WrittenLog& entries(const std::vector<std::uint64_t>& next_offsets, int claimed_count = -1) {
        v1::Entries body;
        for (const std::uint64_t next : next_offsets) body.add_entries()->set_next_offset(next);
        const int count = claimed_count < 0 ? body.entries_size() : claimed_count;
        return raw_entries(body.SerializeAsString(), static_cast<std::uint32_t>(count));
    }
    WrittenLog& raw_entries(const std::string& body, std::uint32_t count) {
        append(codec::entries_record(Epoch(epoch_), Sequence(sequence_ + 1), link_, count, body));
        link_ = codec::parse_frame(records_.back())->id;
        sequence_ += count;
        return *this;
    }
    WrittenLog& append(std::string value) {
        records_.push_back(std::move(value));
        return *this;
    }
    [[nodiscard]] LogRecord at(std::size_t i) const {
        return {Offset(static_cast<std::int64_t>(i)), 1000, records_[i]};
    }
    [[nodiscard]] std::size_t size() const { return records_.size(); }
    std::string& value(std::size_t i) { return records_[i]; }

private:
    std::vector<std::string> records_;
    std::uint64_t epoch_ = 0;
    std::uint64_t sequence_ = 0;
    RecordId link_;
};

TEST(LogReader, gives_claims_and_entries_with_their_sequences) {
    WrittenLog log;
    log.claim("first").entries({1, 2}).entries({3});
    LogReader reader;
    EXPECT_TRUE(std::holds_alternative<ValidClaim>(reader.feed(log.at(0))));
    EXPECT_EQ(reader.log_id(), "first");
    EXPECT_EQ(std::get<ValidEntries>(reader.feed(log.at(1))).first, Sequence(1));
    EXPECT_EQ(std::get<ValidEntries>(reader.feed(log.at(2))).first, Sequence(3));
    EXPECT_EQ(reader.next_offset(), 3U);
    EXPECT_EQ(reader.position().sequence, Sequence(3));
}

TEST(LogReader, parses_into_what_is_given_back_as_if_it_were_new) {
    WrittenLog log;
    log.claim("first").entries({1, 2, 3}).entries({4}).raw_entries("\xff", 1);
    v1::Entries large;
    for (int i = 0; i < 256; ++i)
        large.add_entries()->add_events()->set_payload(std::string(20'000, 'x'));
    LogReader reader;
    LogReader fresh;
    (void)reader.feed(log.at(0));
    (void)fresh.feed(log.at(0));
    // Whatever was in it, and however much.
    for (std::size_t i = 1; i < 3; ++i) {
        reader.reuse({Sequence(9), large});
        auto again = std::get<ValidEntries>(reader.feed(log.at(i)));
        const auto expected = std::get<ValidEntries>(fresh.feed(log.at(i)));
        EXPECT_EQ(again.first, expected.first);
        EXPECT_EQ(again.body.SerializeAsString(), expected.body.SerializeAsString());
        reader.reuse(std::move(again));
    }
    EXPECT_TRUE(std::holds_alternative<Stop>(reader.feed(log.at(3))));
}

TEST(LogReader, stops_where_a_valid_body_does_not_decode_and_does_not_move_past_it) {
    WrittenLog log;
    log.claim().entries({1}).raw_entries("\xff\xff\xff", 1).entries({2});
    LogReader reader;
    (void)reader.feed(log.at(0));
    (void)reader.feed(log.at(1));
    const Position before = reader.position();
    ASSERT_TRUE(std::holds_alternative<Stop>(reader.feed(log.at(2))));
    EXPECT_EQ(reader.position(), before);
    EXPECT_EQ(reader.seen_offset(), Offset(2));
    EXPECT_TRUE(std::holds_alternative<Stop>(reader.feed(log.at(3))));
}

// Not every language's parser would read it: one that did would go on alone.
TEST(LogReader, stops_where_text_of_a_valid_body_is_no_utf_8) {
    v1::Entries body;
    body.add_entries()->set_next_offset(1);
    body.mutable_entries(0)->set_command_id("text");
    std::string bytes = body.SerializeAsString();
    bytes.replace(bytes.find("text"), 4, "te\xfft");
    WrittenLog log;
    log.claim().raw_entries(bytes, 1);
    LogReader reader;
    (void)reader.feed(log.at(0));
    EXPECT_TRUE(std::holds_alternative<Stop>(reader.feed(log.at(1))));
    EXPECT_EQ(reader.position().offset, Offset(0));
}

TEST(LogReader, stops_where_the_body_has_another_number_of_entries_than_the_frame) {
    WrittenLog log;
    log.claim().entries({1, 2}, 3);
    LogReader reader;
    (void)reader.feed(log.at(0));
    EXPECT_TRUE(std::holds_alternative<Stop>(reader.feed(log.at(1))));
}

TEST(LogReader, stops_where_next_offset_goes_back) {
    WrittenLog log;
    log.claim().entries({5}).entries({4});
    LogReader reader;
    (void)reader.feed(log.at(0));
    (void)reader.feed(log.at(1));
    const auto read = reader.feed(log.at(2));
    ASSERT_TRUE(std::holds_alternative<Stop>(read));
    EXPECT_NE(std::get<Stop>(read).reason.find("goes back from 5 to 4"), std::string::npos);
}

TEST(LogReader, stops_at_a_next_offset_that_no_topic_has) {
    WrittenLog log;
    log.claim().entries({std::uint64_t{1} << 63});  // as an Offset it would be negative
    LogReader reader;
    (void)reader.feed(log.at(0));
    EXPECT_TRUE(std::holds_alternative<Stop>(reader.feed(log.at(1))));
    EXPECT_EQ(reader.next_offset(), 0U);
}

TEST(LogReader, stops_at_a_missing_offset) {
    WrittenLog log;
    log.claim().entries({1}).entries({2});
    LogReader reader;
    (void)reader.feed(log.at(0));
    EXPECT_TRUE(std::holds_alternative<Stop>(reader.feed(log.at(2))));
}

TEST(LogReader, reads_the_record_of_its_position_again_and_goes_on_behind_it) {
    WrittenLog log;
    log.claim().entries({1}).entries({2});
    LogReader first;
    (void)first.feed(log.at(0));
    (void)first.feed(log.at(1));
    LogReader second(first.position(), first.next_offset());
    EXPECT_EQ(second.begin(), Offset(1));
    EXPECT_TRUE(std::holds_alternative<Ignored>(second.feed(log.at(1))));
    EXPECT_TRUE(std::holds_alternative<ValidEntries>(second.feed(log.at(2))));
}

TEST(LogReader, stops_when_another_record_stands_at_its_position) {
    WrittenLog log;
    log.claim().entries({1}).entries({2});
    LogReader first;
    (void)first.feed(log.at(0));
    (void)first.feed(log.at(1));
    WrittenLog other;
    other.claim("another").entries({1}).entries({2});
    LogReader second(first.position(), first.next_offset());
    EXPECT_TRUE(std::holds_alternative<Stop>(second.feed(other.at(1))));
}

TEST(LogReader, stops_when_the_record_at_its_position_has_the_id_but_not_the_bytes) {
    WrittenLog log;
    log.claim().entries({1});
    LogReader first;
    (void)first.feed(log.at(0));
    (void)first.feed(log.at(1));
    log.value(1).back() ^= 1;
    LogReader second(first.position(), first.next_offset());
    EXPECT_TRUE(std::holds_alternative<Stop>(second.feed(log.at(1))));
}

TEST(LogReader, ignores_what_everybody_ignores_and_says_why) {
    WrittenLog log;
    log.append("junk").claim();
    LogReader reader;
    const auto read = reader.feed(log.at(0));
    ASSERT_TRUE(std::holds_alternative<Ignored>(read));
    EXPECT_EQ(std::get<Ignored>(read).verdict, Verdict::foreign);
    EXPECT_TRUE(std::holds_alternative<ValidClaim>(reader.feed(log.at(1))));
}

}  // namespace
}  // namespace foldstream::replay
