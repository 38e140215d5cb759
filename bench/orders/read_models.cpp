// Rows of read.orders as the projector would have written them, and what the query-service asks.
#include <cstdint>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/orders/actions.hpp"
#include "bench/orders/report.hpp"
#include "bench/orders/row_text.hpp"
#include "common/codec/partitioner.hpp"
#include "common/fold/table_plan.hpp"
#include "domains/registry.hpp"
#include "foldstream/orders/v1/events.pb.h"
#include "query-service/list_plan.hpp"
#include "query-service/statement.hpp"

namespace foldstream::bench {

namespace {

namespace orders = foldstream::orders::v1;

constexpr std::int64_t first_time_ms = 1'767'225'600'000;  // 2026-01-01
constexpr std::size_t flush_bytes = 1 << 20;
constexpr std::uint32_t lives = 4;  // pending, paid, shipped, completed
constexpr std::uint32_t prime = 7'919;

const fold::DomainModule& domain() { return *domains::registry().find("orders"); }

// An element of an array literal ("quoted", or NULL) as a column of COPY's text format.
void append_column(std::string_view element, std::string& line) {
    if (!element.starts_with('"')) {
        line += element == "NULL" ? "\\N" : std::string(element);
        return;
    }
    for (const char c : text_of_element(element)) {
        switch (c) {
            case '\\':
                line += "\\\\";
                break;
            case '\t':
                line += "\\t";
                break;
            case '\n':
                line += "\\n";
                break;
            case '\r':
                line += "\\r";
                break;
            default:
                line += c;
        }
    }
}

// Folds events into rows with the domain's own functions.
class RowMaker {
public:
    RowMaker(const fold::Projection& projection, const Rows& rows)
        : projection_(projection), rows_(rows), plan_(projection), secret_(bytes_of(rows.secret)) {}

    void append(std::uint32_t number, std::string& out) {
        const std::string key = "order-" + std::to_string(number);
        std::unique_ptr<fold::Message> row;
        fold::Meta meta;
        meta.aggregate_id = key;
        meta.domain = "orders";
        meta.partition = codec::partition_of(key, rows_.partitions);
        meta.sequence = Sequence(number + 1ULL);
        meta.time_ms = first_time_ms + number * 10LL;
        for (const auto& event : life(number)) {
            ++meta.version.value;
            meta.time_ms += 1'000;
            const auto* type = domain().find_event(event->GetDescriptor()->full_name());
            row = projection_.project(std::move(row), *type, *event, meta);
        }
        plan_.canonicalise(*row);
        append_line(*row, key, meta, out);
    }

private:
    [[nodiscard]] std::vector<std::unique_ptr<fold::Message>> life(std::uint32_t number) const {
        // Neighbours have different customers, each customer orders of all statuses.
        const std::string customer =
            std::to_string(number * std::uint64_t{prime} % rows_.customers);
        auto created = std::make_unique<orders::OrderCreated>();
        created->set_customer_name("Customer " + customer);
        created->set_customer_email("customer" + customer + "@example.com");
        created->set_customer_id(created->customer_email());
        created->set_currency("USD");
        created->set_shipping_address(customer + " Main Street, Springfield");
        for (std::uint32_t i = 0; i < 1 + number % 3; ++i) {
            orders::OrderItem& item = *created->add_items();
            item.set_item_id("item-" + std::to_string(i));
            item.set_product_id("product-" + std::to_string((number + i) % 1'000));
            item.set_name("Desk lamp, brass");
            item.set_price_minor(1'000 + number % 9'000);
            item.set_quantity(static_cast<std::int32_t>(1 + i));
        }
        std::vector<std::unique_ptr<fold::Message>> events;
        events.push_back(std::move(created));
        const std::uint32_t reached = number / rows_.customers % lives;
        if (reached > 0) {
            auto paid = std::make_unique<orders::PaymentConfirmed>();
            paid->set_payment_id("payment-" + std::to_string(number));
            events.push_back(std::move(paid));
        }
        if (reached > 1) {
            auto shipped = std::make_unique<orders::OrderShipped>();
            shipped->set_tracking_number("track-" + std::to_string(number));
            events.push_back(std::move(shipped));
        }
        if (reached > 2) events.push_back(std::make_unique<orders::OrderCompleted>());
        return events;
    }

    void append_line(const fold::Message& row, const std::string& key, const fold::Meta& meta,
                     std::string& out) {
        for (std::size_t column = 0; column < plan_.columns().size(); ++column) {
            element_.clear();
            plan_.append_array_element(column, row, element_);
            append_column(element_, out);
            out += '\t';
        }
        out += std::to_string(meta.partition.value) + '\t' +
               std::to_string(fold::TablePlan::bucket_of(key)) + '\t' +
               std::to_string(meta.version.value) + '\t' + std::to_string(meta.sequence.value) +
               "\t\\\\x";
        const fold::RowDigest digest = plan_.digest(row, meta.version, secret_);
        out += hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
        out += '\n';
    }

    const fold::Projection& projection_;
    Rows rows_;
    fold::TablePlan plan_;
    std::vector<std::uint8_t> secret_;
    std::string element_;
};

std::string parameters(const query::Statement& statement) {
    std::string text;
    for (const auto& parameter : statement.params) {
        text += (text.empty() ? "" : "\n") + parameter.value_or("");
    }
    return text;
}

}  // namespace

void write_rows(const Rows& rows) {
    RowMaker maker(*domain().find_projection("orders"), rows);
    std::string out;
    for (std::uint32_t number = 0; number < rows.count; ++number) {
        maker.append(number, out);
        if (out.size() < flush_bytes) continue;
        std::cout << out;
        out.clear();
    }
    std::cout << out << std::flush;
    if (!std::cout) throw std::runtime_error("nobody reads the rows");
}

void say_statements(std::int32_t partitions) {
    const query::ListPlan plan(*domain().find_projection("orders"));
    const std::vector<query::Source> sources = {{"orders", "orders"}};
    const std::string key = "order-0";
    const auto one =
        query::with_coverage(plan.one(key), {sources, codec::partition_of(key, partitions)});
    const auto page = plan.page({{"customerEmail", "customer0@example.com"}}, {});
    if (!page) throw std::runtime_error("the list is refused");
    const auto list = query::with_coverage(page.value().rows, {sources, {}});
    say_text({{"point", one.sql},
              {"point_rows", plan.one(key).sql},
              {"point_parameters", parameters(one)},
              {"list", list.sql},
              {"list_rows", page.value().rows.sql},
              {"list_parameters", parameters(list)}});
}

}  // namespace foldstream::bench
