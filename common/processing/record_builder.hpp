// Gathers entries into one record of the log: as many as the loop drained, at most 256 or 64 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/codec/frame.hpp"
#include "common/processing/aggregate.hpp"
#include "foldstream/v1/log.pb.h"

namespace foldstream::processing {

inline constexpr std::size_t max_record_bytes = 64 * 1024;

// An answer that a sender asked for.
struct PendingReply {
    v1::ReplyAddress address;
    std::string outcome;  // a serialized v1::CommandOutcome
};

// What a record did, kept until it is read back.
struct DecidedRecord {
    v1::Entries entries;
    std::vector<PendingReply> replies;
    std::vector<Change> changes;
    Sequence first;
    std::size_t bytes = 0;  // of the record's value

    [[nodiscard]] std::uint64_t next_offset() const {
        return entries.entries(entries.entries_size() - 1).next_offset();
    }
};

class RecordBuilder {
public:
    [[nodiscard]] bool empty() const { return open_.entries.entries_size() == 0; }
    // True when the entry would make the record too large: cut it first (one larger entry stands
    // alone).
    [[nodiscard]] bool must_cut_before(std::size_t entry_bytes) const {
        return !empty() &&
               (static_cast<std::size_t>(open_.entries.entries_size()) >= codec::max_entries ||
                bytes_ + entry_bytes > max_record_bytes);
    }
    [[nodiscard]] bool full() const {
        return static_cast<std::size_t>(open_.entries.entries_size()) >= codec::max_entries ||
               bytes_ >= max_record_bytes;
    }
    void add(v1::Entry entry, Sequence sequence) {
        if (empty()) open_.first = sequence;
        bytes_ += entry.ByteSizeLong() + 4;
        *open_.entries.add_entries() = std::move(entry);
    }
    void add(Change change) { open_.changes.push_back(std::move(change)); }
    void add(PendingReply reply) {
        bytes_ += reply.outcome.size();
        open_.replies.push_back(std::move(reply));
    }
    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(open_.entries.entries_size());
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    // The record's value; what it holds goes to `decided`, and the builder is empty again.
    std::string cut(Epoch epoch, RecordId prev, DecidedRecord& decided) {
        const auto count = static_cast<std::uint32_t>(open_.entries.entries_size());
        std::string value = codec::entries_record(epoch, open_.first, prev, count,
                                                  open_.entries.SerializeAsString());
        open_.bytes = value.size();
        forget_all_but_the_last_states();
        decided = std::move(open_);
        clear();
        return value;
    }
    void clear() {
        open_ = {};
        bytes_ = 0;
    }

private:
    // Reading back writes the last state of an aggregate only; of a large and busy one the others
    // would fill the memory before the window is full.
    void forget_all_but_the_last_states() {
        std::unordered_set<const CachedAggregate*> later;
        for (auto change = open_.changes.rbegin(); change != open_.changes.rend(); ++change) {
            if (!later.insert(change->of).second) change->state.reset();
        }
    }

    DecidedRecord open_;
    std::size_t bytes_ = 0;
};

}  // namespace foldstream::processing
