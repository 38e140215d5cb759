// Writes a valid log of the orders domain into memory: what the broker would have.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/codec/frame.hpp"
#include "common/replay/log_reader.hpp"
#include "foldstream/orders/v1/events.pb.h"
#include "foldstream/v1/log.pb.h"

namespace foldstream::testing {

class LogMaker {
public:
    static constexpr std::int64_t first_time_ms = 1'700'000'000'000;

    Offset claim(const std::string& nonce = "0123456789abcdef") {
        v1::Claim body;
        body.set_nonce(nonce);
        ++epoch_.value;
        const std::string value = codec::claim_record(epoch_, body.SerializeAsString());
        link_ = codec::identify(value);
        return append(value);
    }
    Offset entries(const std::vector<v1::Entry>& entries) {
        v1::Entries body;
        for (const v1::Entry& entry : entries) *body.add_entries() = entry;
        const auto count = static_cast<std::uint32_t>(entries.size());
        const std::string value = codec::entries_record(epoch_, Sequence(sequence_.value + 1),
                                                        link_, count, body.SerializeAsString());
        sequence_.value += count;
        link_ = codec::identify(value);
        return append(value);
    }
    // Anything: what does not count.
    Offset append(std::string value) {
        records_.push_back(std::move(value));
        return Offset(static_cast<std::int64_t>(records_.size()) - 1);
    }

    // An entry without events, as a refusal leaves it.
    v1::Entry refusal() {
        v1::Entry entry;
        entry.set_next_offset(++next_offset_);
        entry.set_outcome(v1::OUTCOME_REFUSED);
        return entry;
    }
    // An accepted entry; `version` is the aggregate's before it.
    template <typename... Events>
    v1::Entry accepted(const std::string& aggregate, std::uint64_t version,
                       const Events&... events) {
        v1::Entry entry = refusal();
        entry.set_outcome(v1::OUTCOME_ACCEPTED);
        entry.set_aggregate_id(aggregate);
        entry.set_time_ms(first_time_ms + static_cast<std::int64_t>(next_offset_));
        (add(entry, ++version, events), ...);
        entry.set_version(version);
        return entry;
    }
    static void add(v1::Entry& entry, std::uint64_t version,
                    const google::protobuf::Message& event) {
        v1::Event& added = *entry.add_events();
        added.set_type(event.GetDescriptor()->full_name());
        added.set_version(version);
        added.set_payload(event.SerializeAsString());
    }

    [[nodiscard]] replay::LogRecord at(Offset offset) const {
        return {offset, first_time_ms + offset.value,
                records_[static_cast<std::size_t>(offset.value)]};
    }
    [[nodiscard]] Offset end() const { return Offset(static_cast<std::int64_t>(records_.size())); }

private:
    Epoch epoch_;
    Sequence sequence_;
    RecordId link_;
    std::uint64_t next_offset_ = 0;
    std::vector<std::string> records_;
};

inline orders::v1::OrderCreated created(const std::string& customer, std::int64_t price = 100,
                                        const std::string& currency = "USD") {
    orders::v1::OrderCreated event;
    event.set_customer_id(customer);
    event.set_customer_name("Name of " + customer);
    event.set_customer_email(customer + "@example.com");
    event.set_currency(currency);
    auto& item = *event.add_items();
    item.set_item_id("i1");
    item.set_product_id("p1");
    item.set_name("Thing");
    item.set_price_minor(price);
    item.set_quantity(1);
    return event;
}

}  // namespace foldstream::testing
