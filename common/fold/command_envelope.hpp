// What stands around a command: CloudEvents headers or a packed foldstream.v1.Command, read into
// one form. Inside common/fold only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/codec/json.hpp"
#include "common/core/ids.hpp"
#include "common/fold/command_limits.hpp"
#include "common/fold/command_record.hpp"
#include "foldstream/v1/command.pb.h"

namespace foldstream::fold {

// Violations name the header, also those of a packed command; its fields that are no header's begin
// with "command.". What is malformed is left out.
struct Envelope {
    std::string command_id;     // empty: none was given
    bool command_id_ok = true;  // false: one was given and is malformed
    std::string type;           // full message name
    bool json = false;          // else Protobuf
    std::string_view body;      // the command itself; into `packed` or the record's value
    std::optional<Version> expected_version;
    bool dry_run = false;
    std::string traceparent;  // empty: none, or one that is not of W3C's form
    std::vector<v1::Attribute> attributes;
    std::optional<v1::ReplyAddress> reply;
    std::vector<codec::Violation> violations;
    v1::Command packed;  // owns `body` of a packed command: never move it apart

    Envelope() = default;
    Envelope(const Envelope&) = delete;
    Envelope& operator=(const Envelope&) = delete;
};

// Fills an empty envelope from the record; headers when there are any, else the packed value.
void read_envelope(const RawCommand& raw, Envelope& envelope);

}  // namespace foldstream::fold
