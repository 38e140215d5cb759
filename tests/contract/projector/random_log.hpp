// A random log of orders, and what one fold of it in memory gives.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/core/random.hpp"
#include "common/fold/table_plan.hpp"
#include "common/replay/log_reader.hpp"
#include "tests/unit/projector/log_maker.hpp"

namespace foldstream::testing {

// A random life of some orders in one partition: created, changed, paid, shipped, cancelled,
// deleted, interleaved; refusals, claims and junk in between; one to five entries a record.
inline LogMaker random_log(std::uint64_t seed, int partition) {
    LogMaker log;
    SeededRandom random(seed);
    std::map<int, std::uint64_t> versions;
    std::set<int> deleted;
    log.claim();
    for (int record = 0; record < 120; ++record) {
        const auto what = random.below(20);
        if (what == 0) log.append("junk");
        if (what == 1) log.claim("later claim 1234");
        std::vector<v1::Entry> entries;
        for (auto left = 1 + random.below(5); left > 0; --left) {
            const int order = static_cast<int>(random.below(25));
            const std::string id = "o" + std::to_string(partition) + "-" + std::to_string(order);
            std::uint64_t& version = versions[order];
            if (deleted.contains(order)) {
                entries.push_back(log.refusal());
                continue;
            }
            const std::string customer = "c" + std::to_string(random.below(6));
            const auto price = static_cast<std::int64_t>(random.below(1'000));
            if (version == 0) {
                entries.push_back(log.accepted(
                    id, 0, created(customer, price, random.below(2) == 0 ? "USD" : "EUR")));
                version = 1;
                continue;
            }
            orders::v1::ItemAdded added;
            added.mutable_item()->set_item_id("i" + std::to_string(version + 1));
            added.mutable_item()->set_price_minor(price);
            added.mutable_item()->set_quantity(2);
            orders::v1::ItemRemoved removed;
            removed.set_item_id("i1");
            switch (random.below(7)) {
                case 0:
                    entries.push_back(log.accepted(id, version, added, removed));
                    version += 2;
                    break;
                case 1:
                    entries.push_back(log.accepted(id, version, orders::v1::OrderCancelled()));
                    version += 1;
                    break;
                case 2:
                    entries.push_back(log.accepted(id, version, orders::v1::PaymentConfirmed()));
                    version += 1;
                    break;
                case 3:
                    if (random.below(3) == 0) {
                        entries.push_back(log.accepted(id, version, orders::v1::OrderDeleted()));
                        deleted.insert(order);
                        break;
                    }
                    [[fallthrough]];
                default:
                    entries.push_back(log.accepted(id, version, added));
                    version += 1;
            }
        }
        log.entries(entries);
    }
    return log;
}

// Each row's bytes by key.
inline std::map<std::string, std::string> folded(const fold::Projection& projection,
                                                 const fold::DomainModule& domain,
                                                 const LogMaker& log, Partition partition) {
    const fold::TablePlan plan(projection);
    std::map<std::string, std::unique_ptr<fold::Message>> rows;
    const auto fold_entry = [&](Sequence sequence, const v1::Entry& entry) {
        std::uint32_t index = 0;
        for (const auto& event : entry.events()) {
            const fold::EventType* type = domain.find_event(event.type());
            const std::unique_ptr<fold::Message> message(type->prototype->New());
            if (!message->ParseFromString(event.payload())) throw std::runtime_error("no event");
            fold::Meta meta;
            meta.time_ms = entry.time_ms();
            meta.aggregate_id = entry.aggregate_id();
            meta.version = Version(event.version());
            meta.partition = partition;
            meta.sequence = sequence;
            meta.index = index++;
            meta.domain = domain.name;
            auto& row = rows[entry.aggregate_id()];
            row = projection.project(std::move(row), *type, *message, meta);
            if (row) plan.canonicalise(*row);
        }
    };
    replay::LogReader reader;
    for (Offset at(0); at < log.end(); ++at.value) {
        const auto result = reader.feed(log.at(at));
        const auto* valid = std::get_if<replay::ValidEntries>(&result);
        if (valid == nullptr) continue;
        Sequence sequence = valid->first;
        for (const auto& entry : valid->body.entries()) {
            fold_entry(sequence, entry);
            ++sequence.value;
        }
    }
    std::map<std::string, std::string> bytes;
    for (const auto& [key, row] : rows) {
        if (row) bytes[key] = row->SerializeAsString();
    }
    return bytes;
}

}  // namespace foldstream::testing
