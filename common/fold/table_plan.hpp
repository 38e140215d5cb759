// What Postgres needs to know of a row message, derived once from its descriptor: columns, DDL,
// bulk statements, text forms, canonical bytes. No SQL of a read model is written by hand
// elsewhere. Immutable after construction; shared by all threads.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/ids.hpp"
#include "common/fold/canonical_message.hpp"
#include "common/fold/column.hpp"
#include "common/fold/digest_vector.hpp"
#include "common/fold/domain.hpp"

namespace foldstream::fold {

// The columns that the platform adds to every row table.
struct SystemColumns {
    Partition partition;
    std::int16_t bucket = 0;  // XXH3-64 of the key modulo 64
    Version version;
    Sequence sequence;
    RowDigest digest{};
};

class TablePlan {
public:
    // Throws std::invalid_argument naming the field when a type has no column form, or when the
    // key, an index, a filter, a sort or search field is not what it must be. The projection must
    // outlive the plan.
    explicit TablePlan(const Projection& projection);

    [[nodiscard]] const Projection& projection() const { return *projection_; }
    [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
    [[nodiscard]] const Column& key() const { return columns_[key_]; }
    [[nodiscard]] const Column* find(std::string_view name) const;

    // read_gen.<table>_g<generation>
    [[nodiscard]] std::string table(Generation generation) const;
    // read.<table>
    [[nodiscard]] std::string view() const;
    // CREATE TABLE and indexes (primary key first), each one statement. Every index ends with the
    // row key, so that keyset pages and "the newest" come out of it in order.
    [[nodiscard]] std::vector<std::string> create_table(Generation generation) const;
    // CREATE VIEW read.<table> AS SELECT <columns> FROM the generation's table: system columns left
    // out except _partition, _version, _sequence.
    [[nodiscard]] std::string create_view(Generation generation) const;

    // INSERT … SELECT FROM unnest($1::text[], …); parameter i is an array of column i, then the
    // system columns in SystemColumns' order: element_types().
    [[nodiscard]] std::string insert(Generation generation) const;
    // The same, ON CONFLICT (key) DO UPDATE …
    [[nodiscard]] std::string upsert(Generation generation) const;
    [[nodiscard]] std::vector<PostgresType> element_types() const;
    // DELETE … WHERE key = ANY($1::text[])
    [[nodiscard]] std::string erase(Generation generation) const;
    // SELECT columns, system columns WHERE key = ANY($1::text[]) ORDER BY key
    [[nodiscard]] std::string select_by_keys(Generation generation) const;
    // A row for each bucket of partition $1 that has rows: _bucket, their count, and the sums of
    // the four 32-bit pieces of their stored digests, the highest first.
    [[nodiscard]] std::string sum_digests(Generation generation) const;

    // Appends the column's value as an element of a Postgres array literal: quoted and escaped, or
    // NULL.
    void append_array_element(std::size_t column, const Message& row, std::string& out) const;
    // The same for a BinaryArray of the column's element_type.
    void append_binary_element(std::size_t column, const Message& row, std::string& out) const;
    // Sets the field from Postgres' text output; nullopt = NULL. False: the text is not of the
    // type.
    [[nodiscard]] bool load(std::size_t column, Message& row,
                            std::optional<std::string_view> text) const;

    // Makes the row what Postgres would give back (times cut to milliseconds, −0.0 to 0.0, NaN one
    // form …: CanonicalMessage), so that load(store(row)) == row.
    void canonicalise(Message& row) const;
    // XXH3-128 with the generation's secret (≥ 136 bytes) over type- and length-prefixed columns
    // and the version. The row must be canonical.
    [[nodiscard]] RowDigest digest(const Message& row, Version version,
                                   std::span<const std::uint8_t> secret) const;
    [[nodiscard]] static std::int16_t bucket_of(std::string_view key);

private:
    void check_options() const;
    void check_filters() const;
    const Column& require(std::string_view name, const char* what) const;

    const Projection* projection_;
    std::vector<Column> columns_;
    std::vector<ColumnPlan> plans_;                      // one a column
    std::shared_ptr<const CanonicalMessage> canonical_;  // shared: copies of a plan are alike
    std::size_t key_ = 0;
};

// A rollup's table: keys, one count, sums. Sums are numeric in Postgres and 128 bits here: no sum
// of valid rows overflows.
class RollupPlan {
public:
    // Throws std::invalid_argument naming the field when the annotations contradict each other or
    // the base. Base and rollup must outlive the plan.
    RollupPlan(const TablePlan& base, const RollupType& rollup);

    struct Delta {
        std::vector<std::string> keys;  // text forms, in key order
        std::int64_t count = 0;
        std::vector<__int128> sums;
    };

    [[nodiscard]] const RollupType& rollup() const { return *rollup_; }
    [[nodiscard]] const std::vector<Column>& keys() const { return keys_; }
    [[nodiscard]] const std::vector<Column>& measures() const { return measures_; }  // count first
    // All fields of the rollup message in its order, view-only ones included.
    [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }

    // read_gen.<table>_g<generation>
    [[nodiscard]] std::string table(Generation generation) const;
    [[nodiscard]] std::string view() const;
    [[nodiscard]] std::vector<std::string> create_table(Generation generation) const;
    // Sums partitions, adds derived columns and the newest base row's (LATERAL on the base table).
    [[nodiscard]] std::string create_view(Generation generation) const;
    // INSERT … unnest … ON CONFLICT DO UPDATE SET count = t.count + excluded.count …; parameters:
    // [the partition as int2 array when per_partition,] keys, count, sums as array literals.
    [[nodiscard]] std::string upsert(Generation generation) const;
    // DELETE … WHERE (keys) IN (unnest …) AND count = 0; parameters: [partitions,] keys.
    [[nodiscard]] std::string erase_empty(Generation generation) const;

    // What the row adds; nothing when it contributes nothing. `sign` is +1 or -1.
    [[nodiscard]] std::optional<Delta> delta(const Message& row, int sign) const;

private:
    void add_field(const google::protobuf::FieldDescriptor& field);
    void check_view_columns() const;
    void check_latest() const;
    [[nodiscard]] const Column* find(std::string_view name) const;
    [[nodiscard]] const Column* find_key(std::string_view name) const;
    [[nodiscard]] const v1::Derived* derived(std::string_view name) const;
    [[nodiscard]] const v1::LatestColumn* latest(std::string_view name) const;
    [[nodiscard]] std::string summed(Generation generation) const;
    [[nodiscard]] std::string lateral(Generation generation) const;
    [[nodiscard]] std::string conflict_columns() const;

    const RollupType* rollup_;
    const TablePlan* base_;
    std::vector<Column> keys_;
    std::vector<Column> measures_;
    std::vector<Column> columns_;
    std::vector<ColumnPlan> key_plans_;  // one a key
};

}  // namespace foldstream::fold
