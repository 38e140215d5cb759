// The events of some records of one partition, decoded and grouped by key: what is folded and
// written in one transaction.
#pragma once

#include <google/protobuf/arena.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/core/ids.hpp"
#include "common/fold/domain.hpp"
#include "common/replay/log_reader.hpp"

namespace foldstream::projector {

struct BatchEvent {
    const fold::EventType* type = nullptr;
    const fold::Message* message = nullptr;  // in the batch's arena
    std::int64_t time_ms = 0;
    Version version;
    Sequence sequence;
    std::uint32_t index = 0;
    std::string principal;
};

// The events of one aggregate, in order.
struct KeyEvents {
    std::string key;
    std::vector<BatchEvent> events;
};

// What the checkpoint says once the batch is applied.
struct Reached {
    replay::Position position;
    Offset seen{0};  // everything below has been read
    std::uint64_t next_offset = 0;
    std::string log_id;  // empty: not known to this reader

    bool operator==(const Reached&) const = default;
};

// Filled by the poll thread, record by record, so that it ends at a record's end; then handed to an
// applier, which sorts and folds it.
class Batch {
public:
    Batch() : arena_(std::make_unique<google::protobuf::Arena>()) {}

    // Adds the events of a valid record. Not empty: why they cannot be folded (an unknown type, a
    // payload that does not decode); nothing of the record has been added then.
    [[nodiscard]] std::optional<std::string> add(const fold::DomainModule& domain,
                                                 Partition partition,
                                                 const replay::ValidEntries& entries);
    // The record just read ends here; appended by the broker at `append_time_ms`.
    void reach(const Reached& reached, std::int64_t append_time_ms);

    // In key order (bytes), as rows are locked. Call once the batch is full.
    std::vector<KeyEvents>& sorted();

    [[nodiscard]] const Reached& reached() const { return reached_; }
    [[nodiscard]] std::size_t events() const { return events_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }  // of the events, serialized
    [[nodiscard]] std::size_t keys() const { return keys_.size(); }
    // When the broker appended the oldest record in it; 0 = no record.
    [[nodiscard]] std::int64_t oldest_ms() const { return oldest_ms_; }

private:
    struct Decoded {
        std::string_view key;
        BatchEvent event;
        std::size_t bytes;
    };
    [[nodiscard]] std::optional<std::string> decode(const fold::DomainModule& domain,
                                                    Partition partition, const v1::Entry& entry,
                                                    Sequence sequence, std::vector<Decoded>& into);
    void keep(Decoded decoded);

    std::unique_ptr<google::protobuf::Arena> arena_;
    std::vector<KeyEvents> keys_;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const {
            return std::hash<std::string_view>{}(key);
        }
    };
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> by_key_;
    std::size_t events_ = 0;
    std::size_t bytes_ = 0;
    std::int64_t oldest_ms_ = 0;
    Reached reached_;
};

}  // namespace foldstream::projector
