#include <map>
#include <mutex>

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
    explicit MemoryPartition(std::shared_ptr<Content> content) : content_(std::move(content)) {}

    std::optional<std::string> get(std::string_view key) const override {
        const auto found = content_->values.find(key);
        if (found == content_->values.end()) return std::nullopt;
        return found->second;
    }
    std::vector<std::pair<std::string, std::string>> scan(std::string_view prefix) const override {
        std::vector<std::pair<std::string, std::string>> out;
        for (auto at = content_->values.lower_bound(prefix);
             at != content_->values.end() && at->first.starts_with(prefix); ++at) {
            out.emplace_back(*at);
        }
        return out;
    }
    void apply(const WriteBatch& batch) override {
        for (const auto& [key, value] : batch.puts) content_->values.insert_or_assign(key, value);
        for (const auto& key : batch.erases) content_->values.erase(key);
        content_->position = batch.position;
    }
    StoredPosition position() const override { return content_->position; }
    void wipe() override {
        content_->values.clear();
        content_->position = {};
    }

private:
    std::shared_ptr<Content> content_;  // shared: with the store, which outlives an owner's opening
};

// Any thread; a partition's content is used by one thread at a time (its owner's).
class MemoryStore final : public Store {
public:
    std::unique_ptr<PartitionStore> open(std::string_view domain, Partition partition,
                                         std::int32_t evolve_version) override {
        const std::lock_guard lock(mutex_);
        auto& content = contents_[{std::string(domain), partition}];
        if (!content || content->evolve_version != evolve_version) {
            content = std::make_shared<Content>();
            content->evolve_version = evolve_version;
        }
        return std::make_unique<MemoryPartition>(content);
    }

private:
    std::mutex mutex_;
    std::map<std::pair<std::string, Partition>, std::shared_ptr<Content>> contents_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace foldstream::store
