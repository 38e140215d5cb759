// A partition's store that counts what is written.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/store/store.hpp"

namespace foldstream::processing::simulation {

struct StoreCounts {
    std::size_t batches = 0;
    std::size_t puts = 0;
    std::size_t erases = 0;
};

class CountingStore final : public store::PartitionStore {
public:
    CountingStore(std::unique_ptr<store::PartitionStore> store, StoreCounts& counts)
        : store_(std::move(store)), counts_(counts) {}

    std::optional<std::string> get(std::string_view key) const override { return store_->get(key); }
    std::vector<store::KeyValue> scan(std::string_view prefix, std::string_view after,
                                      std::size_t limit) const override {
        return store_->scan(prefix, after, limit);
    }
    std::optional<std::string> last_key(std::string_view prefix) const override {
        return store_->last_key(prefix);
    }
    void apply(const store::WriteBatch& batch) override {
        ++counts_.batches;
        counts_.puts += batch.puts.size();
        counts_.erases += batch.erases.size();
        store_->apply(batch);
    }
    store::StoredPosition position() const override { return store_->position(); }
    void wipe() override { store_->wipe(); }

private:
    std::unique_ptr<store::PartitionStore> store_;
    StoreCounts& counts_;
};

}  // namespace foldstream::processing::simulation
