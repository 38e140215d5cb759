#include <cassert>
#include <iterator>
#include <map>
#include <mutex>

#include "common/store/leases.hpp"
#include "common/store/prefix_end.hpp"
#include "common/store/store.hpp"

namespace foldstream::store {

namespace {

struct Content {
    std::int32_t evolve_version = 0;
    std::map<std::string, std::string, std::less<>> values;
    StoredPosition position;
};

// Writes through to the Content that the store keeps, so that opening again goes on.
class MemoryPartition final : public PartitionStore {
public:
    MemoryPartition(std::shared_ptr<Content> content, std::unique_ptr<Leases::Lease> lease)
        : lease_(std::move(lease)), content_(std::move(content)) {}

    std::optional<std::string> get(std::string_view key) const override {
        const auto found = content_->values.find(key);
        if (found == content_->values.end()) return std::nullopt;
        return found->second;
    }
    std::vector<KeyValue> scan(std::string_view prefix, std::string_view after,
                               std::size_t limit) const override {
        const auto& values = content_->values;
        std::vector<KeyValue> out;
        auto at = after < prefix ? values.lower_bound(prefix) : values.upper_bound(after);
        for (; at != values.end() && at->first.starts_with(prefix); ++at) {
            out.emplace_back(*at);
            if (out.size() == limit) break;
        }
        return out;
    }
    std::optional<std::string> last_key(std::string_view prefix) const override {
        const auto& values = content_->values;
        const std::string end = prefix_end(prefix);
        const auto behind = end.empty() ? values.end() : values.lower_bound(end);
        if (behind == values.begin()) return std::nullopt;
        const std::string& key = std::prev(behind)->first;
        if (!key.starts_with(prefix)) return std::nullopt;
        return key;
    }
    void apply(const WriteBatch& batch) override {
        for (const auto& [key, value] : batch.puts) {
            assert(!key.empty());
            content_->values.insert_or_assign(key, value);
        }
        for (const auto& key : batch.erases) content_->values.erase(key);
        if (batch.position) content_->position = *batch.position;
    }
    StoredPosition position() const override { return content_->position; }
    void wipe() override {
        content_->values.clear();
        content_->position = {};
    }

private:
    std::unique_ptr<Leases::Lease> lease_;  // null when inspected
    std::shared_ptr<Content> content_;  // shared: with the store, which outlives an owner's opening
};

// Any thread; a partition's content is used by one thread at a time (its owner's).
class MemoryStore final : public Store {
public:
    std::unique_ptr<PartitionStore> open(std::string_view domain, Partition partition,
                                         std::int32_t evolve_version) override {
        auto lease = leases_.take(domain, partition);
        if (!lease) return nullptr;
        auto content = content_of(domain, partition);
        auto opened = std::make_unique<MemoryPartition>(content, std::move(lease));
        if (content->evolve_version != evolve_version) opened->wipe();
        content->evolve_version = evolve_version;
        return opened;
    }
    std::unique_ptr<const PartitionStore> inspect(std::string_view domain,
                                                  Partition partition) override {
        return std::make_unique<MemoryPartition>(content_of(domain, partition), nullptr);
    }

private:
    std::shared_ptr<Content> content_of(std::string_view domain, Partition partition) {
        const std::lock_guard lock(mutex_);
        auto& content = contents_[{std::string(domain), partition}];
        if (!content) content = std::make_shared<Content>();
        return content;
    }

    Leases leases_;
    std::mutex mutex_;
    std::map<std::pair<std::string, Partition>, std::shared_ptr<Content>> contents_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace foldstream::store
