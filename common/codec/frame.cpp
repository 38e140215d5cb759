#include "common/codec/frame.hpp"

#define XXH_STATIC_LINKING_ONLY  // the state on the stack
#include <xxhash.h>

#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace foldstream::codec {

static_assert(std::endian::native == std::endian::little,
              "the frame is written as it lies in memory");

namespace {

template <typename T>
T read_at(std::string_view value, std::size_t at) {
    T out{};
    std::memcpy(&out, value.data() + at, sizeof out);
    return out;
}

template <typename T>
void write_at(std::string& value, std::size_t at, T what) {
    std::memcpy(value.data() + at, &what, sizeof what);
}

std::string record(FrameKind kind, std::uint32_t count, Epoch epoch, Sequence sequence,
                   RecordId prev, std::string_view body) {
    std::string value(frame_size, '\0');
    value.reserve(frame_size + body.size());
    value += body;
    value[0] = 'F';
    value[1] = 'S';
    value[2] = static_cast<char>(frame_version);
    value[3] = static_cast<char>(kind);
    write_at(value, 4, count);
    write_at(value, 8, epoch.value);
    write_at(value, 16, sequence.value);
    write_at(value, 24, prev.value);
    write_at(value, 32, identify(value).value);
    return value;
}

}  // namespace

std::optional<Frame> parse_frame(std::string_view value) {
    if (value.size() < frame_size || value[0] != 'F' || value[1] != 'S') return std::nullopt;
    Frame frame;
    frame.version = read_at<std::uint8_t>(value, 2);
    frame.kind = read_at<std::uint8_t>(value, 3);
    frame.count = read_at<std::uint32_t>(value, 4);
    frame.epoch = Epoch(read_at<std::uint64_t>(value, 8));
    frame.sequence = Sequence(read_at<std::uint64_t>(value, 16));
    frame.prev = RecordId(read_at<std::uint64_t>(value, 24));
    frame.id = RecordId(read_at<std::uint64_t>(value, 32));
    return frame;
}

RecordId identify(std::string_view value) {
    assert(value.size() >= frame_size);
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, value.data(), 32);
    XXH3_64bits_update(&state, value.data() + frame_size, value.size() - frame_size);
    return RecordId(XXH3_64bits_digest(&state));
}

std::string claim_record(Epoch epoch, std::string_view body) {
    return record(FrameKind::claim, 0, epoch, Sequence(0), RecordId(0), body);
}

std::string entries_record(Epoch epoch, Sequence first, RecordId prev, std::uint32_t count,
                           std::string_view body) {
    return record(FrameKind::entries, count, epoch, first, prev, body);
}

}  // namespace foldstream::codec
