// Records of the log as they stand there, for people and for programs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/core/ids.hpp"
#include "common/replay/log_reader.hpp"

namespace foldstream::cli {

struct RawRecord {
    Partition partition;
    Offset offset;
    std::int64_t append_time_ms = 0;
    std::string_view value;
};

// One line for the record (place, frame, verdict, the reason when it is ignored or stops the
// reader), then one indented line for each of its entries. Each with its line end.
std::string raw_text(const RawRecord& record, const replay::ReadResult& result);

// The same as one JSON object, no line end.
std::string raw_json(const RawRecord& record, const replay::ReadResult& result);

// What an ignored record is ignored for, in a sentence.
std::string_view reason_of(replay::Verdict verdict);

}  // namespace foldstream::cli
