// Gathers entries into one record of the log: as many as the loop drained, at most 256 or 64 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/codec/frame.hpp"
#include "common/processing/decided_record.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::processing {

inline constexpr std::size_t max_record_bytes = 64 * 1024;

class RecordBuilder {
public:
    [[nodiscard]] bool empty() const { return open_.entries.empty(); }
    // True when the entry would make the record too large: cut it first (one larger entry stands
    // alone).
    [[nodiscard]] bool must_cut_before(std::size_t entry_bytes) const {
        return !empty() &&
               (entries() >= codec::max_entries || bytes_ + entry_bytes > max_record_bytes);
    }
    [[nodiscard]] bool full() const {
        return entries() >= codec::max_entries || bytes_ >= max_record_bytes;
    }
    // `command_type`: of a command that was decided on an aggregate; its name outlives the record.
    void add(const v1::Entry& entry, Sequence sequence, const fold::CommandType* command_type);
    void add(Change change) { open_.changes.push_back(std::move(change)); }
    void add(PendingReply reply) {
        bytes_ += reply.outcome.size();
        open_.replies.push_back(std::move(reply));
    }
    [[nodiscard]] std::size_t entries() const { return open_.entries.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    // The record's value; what it holds goes to `decided`, and the builder is empty again.
    std::string cut(Epoch epoch, RecordId prev, DecidedRecord& decided);
    void clear();

private:
    DecidedRecord open_;
    std::string body_;  // of the record: a serialized v1::Entries
    std::size_t bytes_ = 0;
};

}  // namespace foldstream::processing
