#include "common/codec/frame.hpp"

#include <gtest/gtest.h>

namespace foldstream::codec {
namespace {

TEST(Frame, comes_back_as_it_was_written) {
    const std::string value =
        entries_record(Epoch(0x0102030405060708U), Sequence(9), RecordId(10), 256, "body");
    const auto frame = parse_frame(value);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->version, frame_version);
    EXPECT_EQ(frame->kind, static_cast<std::uint8_t>(FrameKind::entries));
    EXPECT_EQ(frame->count, 256U);
    EXPECT_EQ(frame->epoch, Epoch(0x0102030405060708U));
    EXPECT_EQ(frame->sequence, Sequence(9));
    EXPECT_EQ(frame->prev, RecordId(10));
    EXPECT_EQ(frame->id, identify(value));
    EXPECT_EQ(body_of(value), "body");
}

TEST(Frame, is_forty_bytes_little_endian) {
    const std::string value = entries_record(Epoch(0x0102U), Sequence(3), RecordId(4), 5, "");
    ASSERT_EQ(value.size(), frame_size);
    EXPECT_EQ(value.substr(0, 32), std::string("FS\x01\x02"
                                               "\x05\0\0\0"
                                               "\x02\x01\0\0\0\0\0\0"
                                               "\x03\0\0\0\0\0\0\0"
                                               "\x04\0\0\0\0\0\0\0",
                                               32));
}

TEST(Frame, of_a_claim_says_its_epoch) {
    const auto frame = parse_frame(claim_record(Epoch(7), "who"));
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->kind, static_cast<std::uint8_t>(FrameKind::claim));
    EXPECT_EQ(frame->epoch, Epoch(7));
}

TEST(Frame, keeps_no_id_when_any_byte_but_the_ids_own_changes) {
    const std::string value = entries_record(Epoch(1), Sequence(2), RecordId(3), 4, "the body");
    const RecordId id = parse_frame(value)->id;
    for (std::size_t i = 0; i < value.size(); ++i) {
        std::string changed = value;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        const bool own = i >= 32 && i < frame_size;
        EXPECT_EQ(identify(changed) == id, own) << i;
    }
}

TEST(Frame, is_none_when_it_is_short_or_has_another_magic) {
    const std::string value = claim_record(Epoch(1), "");
    EXPECT_TRUE(parse_frame(value));
    EXPECT_FALSE(parse_frame(value.substr(0, frame_size - 1)));
    EXPECT_FALSE(parse_frame(""));
    EXPECT_FALSE(parse_frame("fs" + value.substr(2)));
}

}  // namespace
}  // namespace foldstream::codec
