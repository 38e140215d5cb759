// A record of D.commands, decoded: CloudEvents binary mode (headers) or a packed Command (no
// headers). Needs no state: whatever is refused here is refused again in the same way whenever it
// is read.
#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/codec/json.hpp"
#include "common/core/ids.hpp"
#include "common/core/result.hpp"
#include "common/fold/domain.hpp"
#include "foldstream/v1/command.pb.h"

namespace foldstream::fold {

// Of a record's value; a greater one is refused "too-large" unread.
inline constexpr std::size_t max_command_bytes = 512 * 1024;

// As the consumer has it; views live as long as the record.
struct RawCommand {
    std::string_view topic;
    Partition partition;
    Offset offset;
    std::int64_t append_time_ms = 0;
    std::optional<std::string_view> key;
    std::string_view value;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
};

struct DecodedCommand {
    const CommandType* type =
        nullptr;  // null: for the platform itself (foldstream/v1/platform.proto)
    std::unique_ptr<google::protobuf::Message> message;
    std::string command_id;    // never empty: derived from topic/partition/offset when absent
    std::string aggregate_id;  // never empty, but for the platform's
    std::string body_hash;     // 16 bytes, XXH3-128 canonical
    std::optional<Version> expected_version;
    bool dry_run = false;
    std::string traceparent;
    std::vector<v1::Attribute> attributes;
    std::optional<v1::ReplyAddress> reply;
    std::optional<v1::ChannelSource> source;
    std::int64_t first_append_time_ms = 0;
};

// A stateless refusal. `identified` holds the decoded command when it was decoded but failed a
// check: its ids stand in the entry then; without it the entry has code and offset only.
struct CommandRefusal {
    std::string code;  // "invalid", "misrouted", "too-large"
    std::vector<codec::Violation> violations;
    std::optional<DecodedCommand> identified;
    // Where the sender wants its answer, and what it called the command, as far as could be read.
    std::optional<v1::ReplyAddress> reply;
    std::string command_id;
};

// `partitions`: of the domain's topics; the key's own partition is murmur2's, and another one is
// refused "misrouted".
Result<DecodedCommand, CommandRefusal> decode_command(const DomainModule& domain,
                                                      const RawCommand& raw,
                                                      std::int32_t partitions);

// The record in packed form, its body not looked at: for a command whose decoding or deciding ends
// the process.
v1::Command keep_undecoded(const RawCommand& raw);

// XXH3-128, canonical big-endian bytes, of the full type name, 0x00, the deterministic
// serialization.
std::string body_hash(const google::protobuf::Message& message);

// Deterministic serialization: map entries sorted, unknown fields kept.
std::string serialize_deterministic(const google::protobuf::Message& message);

}  // namespace foldstream::fold
