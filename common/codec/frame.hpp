// The fixed head of every record of the log: 40 bytes, little endian, before the Protobuf body.
//   0 magic "FS" | 2 frame version u8 = 1 | 3 kind u8 | 4 count u32 | 8 epoch u64 | 16 sequence u64
//   | 24 prev u64 | 32 id u64 = XXH3-64 (seed 0) of bytes 0-31 followed by 40-end
// Validity (common/replay/validity.hpp) reads nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/ids.hpp"

namespace foldstream::codec {

inline constexpr std::size_t frame_size = 40;
inline constexpr std::uint8_t frame_version = 1;
inline constexpr std::uint32_t max_entries = 256;

enum class FrameKind : std::uint8_t { claim = 1, entries = 2 };

struct Frame {
    std::uint8_t version = frame_version;
    std::uint8_t kind = 0;  // a FrameKind when it is one that this binary knows
    std::uint32_t count = 0;
    Epoch epoch;
    Sequence sequence;  // of the first entry
    RecordId prev;
    RecordId id;

    bool operator==(const Frame&) const = default;
};

// The frame as it stands there, its id unproved. Nothing when the value is too short or has another
// magic.
std::optional<Frame> parse_frame(std::string_view value);

// XXH3-64 of the value without the 8 bytes of id. The value must have at least frame_size bytes.
RecordId identify(std::string_view value);

// A whole record value: frame with its id, then the body.
std::string claim_record(Epoch epoch, std::string_view body);
std::string entries_record(Epoch epoch, Sequence first, RecordId prev, std::uint32_t count,
                           std::string_view body);

// The body: everything behind the frame. The value must have at least frame_size bytes.
inline std::string_view body_of(std::string_view value) { return value.substr(frame_size); }

}  // namespace foldstream::codec
