#include "projector/rollup_deltas.hpp"

#include <algorithm>
#include <utility>

#include "projector/array_params.hpp"

namespace foldstream::projector {

std::string decimal(__int128 value) {
    // The smallest value has no positive twin: work on negative digits.
    std::string text;
    const bool negative = value < 0;
    __int128 left = negative ? value : -value;
    do {
        text.push_back(static_cast<char>('0' - static_cast<int>(left % 10)));
        left /= 10;
    } while (left != 0);
    if (negative) text.push_back('-');
    std::reverse(text.begin(), text.end());
    return text;
}

RollupStatements::RollupStatements(const fold::TablePlan& base, const fold::Projection& projection,
                                   Generation generation) {
    for (const fold::RollupType& rollup : projection.rollups) {
        fold::RollupPlan plan(base, rollup);
        std::string upsert = plan.upsert(generation);
        std::string erase = plan.erase_empty(generation);
        all_.push_back(
            {std::move(plan), std::move(upsert), std::move(erase), rollup.options.per_partition()});
    }
    std::sort(all_.begin(), all_.end(), [](const One& a, const One& b) {
        return a.plan.rollup().options.table() < b.plan.rollup().options.table();
    });
}

void RollupDeltas::add(const fold::Message& row, int sign) {
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        auto delta = statements_.all()[i].plan.delta(row, sign);
        if (!delta) continue;
        Sum& sum = groups_[i][std::move(delta->keys)];
        sum.count += delta->count;
        sum.sums.resize(delta->sums.size());
        for (std::size_t k = 0; k < delta->sums.size(); ++k) sum.sums[k] += delta->sums[k];
    }
}

void RollupDeltas::write(postgres::Transaction& transaction, Partition partition) const {
    for (std::size_t i = 0; i < groups_.size(); ++i)
        write_one(transaction, partition, statements_.all()[i], groups_[i]);
}

void RollupDeltas::write_one(postgres::Transaction& transaction, Partition partition,
                             const RollupStatements::One& rollup, const Groups& groups) {
    const std::size_t own = rollup.per_partition ? 1 : 0;
    const std::size_t keys = rollup.plan.keys().size();
    const std::size_t sums = rollup.plan.measures().size() - 1;
    ArrayParams changed(own + keys + 1 + sums);
    ArrayParams shrunk(own + keys);
    bool any_changed = false;
    bool any_shrunk = false;
    for (const auto& [key, sum] : groups) {  // in key order
        const bool nothing = sum.count == 0 && std::all_of(sum.sums.begin(), sum.sums.end(),
                                                           [](__int128 s) { return s == 0; });
        if (nothing) continue;
        any_changed = true;
        const auto put_key = [&](ArrayParams& arrays) {
            if (own == 1) arrays.next(0) += std::to_string(partition.value);
            for (std::size_t k = 0; k < keys; ++k)
                fold::append_array_text(key[k], arrays.next(own + k));
        };
        put_key(changed);
        changed.next(own + keys) += std::to_string(sum.count);
        for (std::size_t k = 0; k < sums; ++k)
            changed.next(own + keys + 1 + k) += decimal(sum.sums[k]);
        if (sum.count < 0) {
            any_shrunk = true;
            put_key(shrunk);
        }
    }
    if (any_changed) transaction.post(rollup.upsert, std::move(changed).params());
    if (any_shrunk) transaction.post(rollup.erase_empty, std::move(shrunk).params());
}

}  // namespace foldstream::projector
