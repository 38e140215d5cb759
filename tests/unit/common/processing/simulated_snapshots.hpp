// A partition of D.snapshots in an array: compacted when the test says so, written by producers
// whose records land late, or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/random.hpp"
#include "common/processing/owner.hpp"

namespace foldstream::processing::simulation {

struct SnapshotTopic {
    struct Kept {
        std::string key;
        std::string value;  // empty: a tombstone
        bool cleaned = false;
    };
    std::vector<Kept> records;

    Offset append(std::string key, std::string value) {
        records.push_back({std::move(key), std::move(value)});
        return Offset(static_cast<std::int64_t>(records.size()) - 1);
    }
    // The cleaner's work, for a random half of the keys: all but the last record of each goes, and
    // a last one that is a tombstone, too.
    void compact(Random& random) {
        std::map<std::string, std::size_t, std::less<>> last;
        for (std::size_t i = 0; i < records.size(); ++i) last[records[i].key] = i;
        for (std::size_t i = 0; i < records.size(); ++i) {
            Kept& record = records[i];
            if (random.below(2) == 0) continue;
            if (last[record.key] != i || record.value.empty()) record.cleaned = true;
        }
    }
    // The key, or all keys of the aggregate, vanish, although a marker may vouch for them.
    void lose(std::string_view lost) {
        for (Kept& record : records) {
            const auto name = parse_snapshot_key(record.key);
            if (record.key == lost || (name && name->aggregate == lost)) record.cleaned = true;
        }
    }
    // The aggregate's keys that have a value, by their cuts, the oldest first.
    [[nodiscard]] std::vector<std::string> keys_of(std::string_view aggregate) const {
        std::map<Offset, std::string> keys;
        for (const auto& [key, value] : content()) {
            const auto name = parse_snapshot_key(key);
            if (name && name->aggregate == aggregate) keys.emplace(name->cut, key);
        }
        std::vector<std::string> sorted;
        for (auto& [cut, key] : keys) sorted.push_back(std::move(key));
        return sorted;
    }
    // What a reader of the whole topic ends with.
    [[nodiscard]] std::map<std::string, std::string> content() const {
        std::map<std::string, std::string> kept;
        for (const Kept& record : records) {
            if (record.cleaned) continue;
            if (record.value.empty()) {
                kept.erase(record.key);
            } else {
                kept[record.key] = record.value;
            }
        }
        return kept;
    }
};

class SimSnapshotSource final : public SnapshotSource {
public:
    explicit SimSnapshotSource(const SnapshotTopic& topic) : topic_(topic) {}
    void start_at_beginning() override {
        at_ = 0;
        running_ = true;
        ++starts;
    }
    void stop() override { running_ = false; }
    std::optional<SnapshotRead> next() override {
        if (!running_ || paused) return std::nullopt;
        if (broken) return Broken{"the topic is gone", false, false};
        const std::size_t end = topic_.records.size();
        while (at_ < end && topic_.records[at_].cleaned) ++at_;
        if (blind || at_ >= end) return End{Offset(static_cast<std::int64_t>(at_))};
        const SnapshotTopic::Kept& record = topic_.records[at_];
        return SnapshotRecord{Offset(static_cast<std::int64_t>(at_++)), record.key, record.value};
    }

    bool blind = false;   // sees an empty topic
    bool paused = false;  // nothing comes
    bool broken = false;
    int starts = 0;

private:
    const SnapshotTopic& topic_;
    std::size_t at_ = 0;
    bool running_ = false;
};

class SimSnapshotSink final : public SnapshotSink {
public:
    struct InFlight {
        std::string key;
        std::string value;
        std::uint64_t tag = 0;
    };

    explicit SimSnapshotSink(SnapshotTopic& topic) : topic_(topic) {}
    Sent send(std::string_view key, std::string_view value, std::uint64_t tag) override {
        if (queue_full) return Sent::full;
        in_flight.push_back({std::string(key), std::string(value), tag});
        ++sent;
        return Sent::queued;
    }
    void land(Owner& owner) {
        InFlight taken = take();
        const Offset offset = topic_.append(std::move(taken.key), std::move(taken.value));
        owner.snapshot_delivery(report(taken.tag, true, offset.value));
    }
    // Reported as failed, and still on its way: it may land at any time.
    void fail_and_linger(Owner& owner) {
        late.push_back(in_flight.front());
        fail(owner);
    }
    void fail(Owner& owner) { owner.snapshot_delivery(report(take().tag, false, -1001)); }
    // Never arrives, and is reported as delivered (librdkafka 2501).
    void pretend(Owner& owner) { owner.snapshot_delivery(report(take().tag, true, -1001)); }
    void land_late() {
        if (late.empty()) return;
        topic_.append(late.front().key, late.front().value);
        late.pop_front();
    }

    std::deque<InFlight> in_flight;
    std::deque<InFlight> late;
    bool queue_full = false;
    std::size_t sent = 0;

private:
    InFlight take() {
        InFlight taken = std::move(in_flight.front());
        in_flight.pop_front();
        return taken;
    }
    static kafka::DeliveryReport report(std::uint64_t tag, bool no_error, std::int64_t offset) {
        kafka::DeliveryReport made;
        made.topic = "orders.snapshots";
        made.tag = tag;
        made.no_error = no_error;
        made.offset = offset;
        if (!no_error) made.error = "timed out";
        return made;
    }
    SnapshotTopic& topic_;
};

}  // namespace foldstream::processing::simulation
