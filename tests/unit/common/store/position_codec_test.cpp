#include "common/store/position_codec.hpp"

#include <gtest/gtest.h>

namespace foldstream::store {
namespace {

TEST(PositionCodec, gives_back_every_field) {
    const StoredPosition position{{Offset(1), Epoch(2), Sequence(3), RecordId(4)},
                                  5,
                                  "\xff\xfe not text",
                                  6,
                                  7,
                                  8,
                                  9,
                                  10,
                                  11,
                                  {Offset(12), Epoch(13), Sequence(14), RecordId(15)},
                                  true,
                                  true,
                                  16,
                                  "reset",
                                  17,
                                  18,
                                  19};
    EXPECT_EQ(decode_position(encode_position(position)), position);
}

TEST(PositionCodec, gives_back_the_logs_start) {
    EXPECT_EQ(decode_position(encode_position({})), StoredPosition{});
}

TEST(PositionCodec, reads_fields_that_an_older_build_did_not_write_as_their_defaults) {
    EXPECT_EQ(decode_position(""), StoredPosition{});
}

TEST(PositionCodec, refuses_bytes_that_are_no_position) {
    EXPECT_FALSE(decode_position("\xff\xff\xff"));
}

}  // namespace
}  // namespace foldstream::store
