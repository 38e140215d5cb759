// What an owner needs of the world. The worker gives it Kafka; a simulation gives it arrays.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/core/ids.hpp"
#include "common/fold/command_record.hpp"
#include "common/processing/decided_record.hpp"
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

// A record of D.snapshots; an empty value is a tombstone.
struct SnapshotRecord {
    Offset offset;
    std::string_view key;
    std::string_view value;
};
using SnapshotRead = std::variant<SnapshotRecord, End, Broken>;

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
    // What the group committed; for a test that shows why it must never be believed.
    virtual std::optional<std::uint64_t> group_offset() { return std::nullopt; }
};

enum class Sent {
    queued,
    full,       // try again
    too_large,  // the record itself is why it can never be sent
    refused,    // the producer is: nothing is said about the record
};

// The producer of one partition of the log. Each record sent is reported once, in any order, by
// Owner::delivery with its tag.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual Sent send(std::string_view value, std::uint64_t tag) = 0;
};

// One partition of D.snapshots, from what is left of its beginning.
class SnapshotSource {
public:
    virtual ~SnapshotSource() = default;
    virtual void start_at_beginning() = 0;
    virtual void stop() = 0;
    virtual std::optional<SnapshotRead> next() = 0;
};

// The producer of one partition of D.snapshots; an empty value is sent as a tombstone. Reports go
// to Owner::snapshot_delivery.
class SnapshotSink {
public:
    virtual ~SnapshotSink() = default;
    virtual Sent send(std::string_view key, std::string_view value, std::uint64_t tag) = 0;
};

// Who hears of what has become final: metrics. Called after read-back only.
class Outcomes {
public:
    virtual ~Outcomes() = default;
    virtual void final(const DecidedRecord& record) = 0;
};

// The answers that senders asked for. Best effort, after read-back only; never blocks.
class Replies {
public:
    virtual ~Replies() = default;
    // `outcome`: a serialized v1::CommandOutcome.
    virtual void reply(const v1::ReplyAddress& address, std::string_view outcome) = 0;
};

// Told before and after the domain's code runs, so that one that never ends can be ended. A
// DecideScope tells it.
class DecideWatch {
public:
    virtual ~DecideWatch() = default;

private:
    friend class DecideScope;
    virtual void begins(Partition partition, Offset command) = 0;
    virtual void ends() = 0;
};

// While it lives the domain's code runs; an exception ends it, too.
class DecideScope {
public:
    // `watch` may be null: nobody watches.
    DecideScope(DecideWatch* watch, Partition partition, Offset command) : watch_(watch) {
        if (watch_ != nullptr) watch_->begins(partition, command);
    }
    ~DecideScope() {
        if (watch_ != nullptr) watch_->ends();
    }
    DecideScope(const DecideScope&) = delete;
    DecideScope& operator=(const DecideScope&) = delete;

private:
    DecideWatch* watch_;
};

}  // namespace foldstream::processing
