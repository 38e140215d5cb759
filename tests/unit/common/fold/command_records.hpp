// Records of D.commands for tests: an orders domain made by hand, good records to be spoiled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/codec/json.hpp"
#include "common/codec/partitioner.hpp"
#include "common/core/uuid.hpp"
#include "common/fold/command_record.hpp"
#include "foldstream/orders/v1/commands.pb.h"

namespace foldstream::fold::records {

using codec::Violation;
using Headers = std::vector<std::pair<std::string, std::string>>;
using Violations = std::vector<Violation>;

inline constexpr std::int32_t partitions = 8;
inline constexpr const char* topic = "orders.commands";
inline constexpr const char* create_type = "foldstream.orders.v1.CreateOrder";
inline constexpr const char* complete_type = "foldstream.orders.v1.CompleteOrder";
inline constexpr const char* bad_id =
    "must be 1 to 128 letters (A-Z, a-z), digits or any of . _ : ~ -";

template <typename Command>
std::unique_ptr<CommandType> command_type() {
    auto type = std::make_unique<CommandType>();
    type->name = Command::descriptor()->full_name();
    type->prototype = &Command::default_instance();
    type->options = Command::descriptor()->options().GetExtension(v1::command);
    type->id_field = Command::descriptor()->FindFieldByName(type->options.id_field());
    return type;
}

inline const DomainModule& orders() {
    static const std::unique_ptr<DomainModule> module = [] {
        auto made = std::make_unique<DomainModule>();
        made->name = "orders";
        made->space = domain_namespace("orders");
        made->commands.push_back(command_type<orders::v1::CreateOrder>());
        made->commands.push_back(command_type<orders::v1::CompleteOrder>());
        made->commands.push_back(command_type<orders::v1::UpdateOrderStatus>());
        return made;
    }();
    return *module;
}

// A record that owns its bytes; by default in the partition of the order "o-1".
struct Record {
    std::optional<std::string> key;
    std::string value;
    Headers headers;
    std::int64_t offset = 7;
    Partition partition = codec::partition_of("o-1", partitions);

    [[nodiscard]] Result<DecodedCommand, CommandRefusal> decode() const {
        RawCommand raw;
        raw.topic = topic;
        raw.partition = partition;
        raw.offset = Offset(offset);
        if (key) raw.key = *key;
        raw.value = value;
        for (const auto& [name, text] : headers) raw.headers.emplace_back(name, text);
        return decode_command(orders(), raw, partitions);
    }
};

inline std::string complete(const std::string& id) {
    orders::v1::CompleteOrder command;
    command.set_order_id(id);
    return command.SerializeAsString();
}

inline orders::v1::CreateOrder new_order(const std::string& id) {
    orders::v1::CreateOrder command;
    command.set_order_id(id);
    command.set_customer_name("Ada");
    command.set_customer_email("ada@example.com");
    auto* item = command.add_items();
    item->set_product_id("p");
    item->set_name("tea");
    item->set_price_minor(100);
    item->set_quantity(1);
    return command;
}

inline constexpr const char* order_json =
    R"({"customerName":"Ada","customerEmail":"ada@example.com",)"
    R"("items":[{"productId":"p","name":"tea","priceMinor":100,"quantity":1}]})";

// A good CompleteOrder by headers; tests change what they are about.
inline Record by_headers(Headers more = {}) {
    Record record{"o-1", complete("o-1"), {{"ce_id", "c-1"}, {"ce_type", complete_type}}};
    record.headers.insert(record.headers.end(), more.begin(), more.end());
    return record;
}

inline v1::Command envelope() {
    v1::Command command;
    command.set_command_id("c-1");
    command.set_type(complete_type);
    command.set_value(complete("o-1"));
    return command;
}

inline Record packed(const v1::Command& command) {
    return {"o-1", command.SerializeAsString(), {}};
}

inline std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4U];
        out += "0123456789abcdef"[static_cast<unsigned char>(c) & 0xFU];
    }
    return out;
}

// The refusal's code and violations; a good record has neither.
inline std::pair<std::string, Violations> refusal(const Record& record) {
    const auto decoded = record.decode();
    if (decoded) return {};
    return {decoded.error().code, decoded.error().violations};
}

inline std::pair<std::string, Violations> invalid(const char* field, const char* message) {
    return {"invalid", {{field, message}}};
}

inline bool identified(const Record& record) {
    const auto decoded = record.decode();
    return !decoded && decoded.error().identified.has_value();
}

}  // namespace foldstream::fold::records
