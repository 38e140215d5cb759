// What an owner needs of the world. The worker gives it Kafka; a simulation gives it arrays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/core/ids.hpp"
#include "common/fold/command_record.hpp"
#include "common/replay/log_reader.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::processing {

// Everything before `offset` has been given.
struct End {
    Offset offset;
};

// The source cannot go on. A transient one goes on by itself and has skipped nothing.
struct Broken {
    std::string reason;
    bool out_of_range = false;  // the offset asked for is not there (or no longer)
    bool transient = false;
};

// Views live until the source's next call.
using LogRead = std::variant<replay::LogRecord, End, Broken>;
using CommandRead = std::variant<fold::RawCommand, End, Broken>;

// The tail of one partition of the log. next() never blocks; nothing = none there at the moment.
class LogSource {
public:
    virtual ~LogSource() = default;
    virtual void start(Offset offset) = 0;
    virtual void stop() = 0;
    virtual std::optional<LogRead> next() = 0;
};

// One partition of D.commands.
class CommandSource {
public:
    virtual ~CommandSource() = default;
    virtual void start(Offset offset) = 0;
    virtual void stop() = 0;
    virtual std::optional<CommandRead> next() = 0;
};

enum class Sent { queued, full, refused };

// The producer of one partition of the log. Each record sent is reported once, in any order, by
// Owner::delivery with its tag.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual Sent send(std::string_view value, std::uint64_t tag) = 0;
};

// Who hears of what has become final: metrics and, with the gateway, replies. Called after
// read-back only.
class Outcomes {
public:
    virtual ~Outcomes() = default;
    virtual void final(const v1::Entry& entry, Sequence sequence) = 0;
};

}  // namespace foldstream::processing
