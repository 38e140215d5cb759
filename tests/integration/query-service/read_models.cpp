#include "tests/integration/query-service/read_models.hpp"

#include "common/codec/partitioner.hpp"
#include "common/postgres/migrations.hpp"

namespace foldstream::query {

namespace {

std::string array_of(const std::string& element) { return "{" + element + "}"; }

}  // namespace

ReadModels::ReadModels() { postgres::migrate(connection_, domains::registry()); }

orders::v1::OrderRow ReadModels::order(int number) {
    orders::v1::OrderRow row;
    row.set_order_id("o" + std::to_string(1000 + number));
    row.set_customer_id("c" + std::to_string(number % 3));
    row.set_customer_name("Zoë \"Z\"");
    row.set_customer_email("zoe" + std::to_string(number % 3) + "@example.org");
    row.set_status(number % 2 == 0 ? orders::v1::ORDER_STATUS_PENDING
                                   : orders::v1::ORDER_STATUS_PAID);
    row.set_currency("USD");
    row.set_total_minor(100 * number);
    row.set_item_count(1);
    auto& item = *row.add_items();
    item.set_item_id("i1");
    item.set_product_id("p1");
    item.set_name("Pen");
    item.set_price_minor(100 * number);
    item.set_quantity(1);
    row.set_version(1);
    // Pairs share their time, so that pages must go by the key as well.
    row.mutable_created_at()->set_seconds(1'768'991'400 + number / 2);
    row.mutable_updated_at()->set_seconds(1'768'991'400 + number);
    return row;
}

void ReadModels::put(const orders::v1::OrderRow& row) {
    const Partition partition = codec::partition_of(row.order_id(), partitions);
    postgres::Params params;
    for (std::size_t i = 0; i < plan_.columns().size(); ++i) {
        std::string element;
        plan_.append_array_element(i, row, element);
        params.emplace_back(array_of(element));
    }
    for (const std::string& value :
         {std::to_string(partition.value), std::string("0"), std::string("1"), std::string("1"),
          std::string("\"\\\\x00000000000000000000000000000000\"")}) {
        params.emplace_back(array_of(value));
    }
    connection_.exec(plan_.upsert(Generation(1)), params);
    postgres::Params searched;
    std::string id;
    fold::append_array_text(row.order_id(), id);
    searched.emplace_back(array_of(id));
    for (std::size_t i = 0; i < search_.fields(); ++i) {
        std::string text;
        search_.append_array_element(i, row, text);
        searched.emplace_back(array_of(text));
    }
    connection_.exec(search_.upsert(Generation(1)), searched);
    for (const fold::RollupType& rollup : projection_.rollups) {
        const fold::RollupPlan plan(plan_, rollup);
        const auto delta = plan.delta(row, 1);
        if (!delta) continue;
        postgres::Params values;
        if (rollup.options.per_partition())
            values.emplace_back(array_of(std::to_string(partition.value)));
        for (const std::string& key : delta->keys) {
            std::string element;
            fold::append_array_text(key, element);
            values.emplace_back(array_of(element));
        }
        values.emplace_back(array_of(std::to_string(delta->count)));
        for (const __int128 sum : delta->sums) {
            values.emplace_back(array_of(std::to_string(static_cast<std::int64_t>(sum))));
        }
        connection_.exec(plan.upsert(Generation(1)), values);
    }
}

void ReadModels::checkpoint(std::int32_t partition, std::uint64_t sequence, std::int64_t seen,
                            std::int32_t generation) {
    connection_.exec(
        "INSERT INTO foldstream.checkpoint (projection, generation, partition, owner_epoch, owner, "
        "record_offset, epoch, sequence, link, seen_offset, next_offset, partition_count, "
        "applied_at) VALUES ('orders', $1, $2, 1, 'p1', $4::int8 - 1, 1, $3, 7, $4, 0, $5, "
        "'2026-01-21T10:30:00Z') ON CONFLICT (projection, generation, partition) DO UPDATE SET "
        "sequence = excluded.sequence, seen_offset = excluded.seen_offset",
        {std::to_string(generation), std::to_string(partition), std::to_string(sequence),
         std::to_string(seen), std::to_string(partitions)});
}

std::string ReadModels::reading_url() const {
    const std::string url = database_.url();
    return url + (url.find('?') == std::string::npos ? "?" : "&") + "user=foldstream_query";
}

}  // namespace foldstream::query
