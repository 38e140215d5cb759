#include "common/fold/table_plan.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <set>
#include <stdexcept>

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "common/fold/search_plan.hpp"
#include "common/fold/sql_text.hpp"

namespace foldstream::fold {

namespace {

struct SystemColumn {
    std::string_view name;
    std::string_view type;
    PostgresType element;
    bool changes;  // with an update of the row; the key determines the others
    bool shown;    // in the view
};
constexpr std::array<SystemColumn, 5> system_columns = {{
    {"_partition", "int2", PostgresType::int2, false, true},
    {"_bucket", "int2", PostgresType::int2, false, false},
    {"_version", "int8", PostgresType::int8, true, true},
    {"_sequence", "int8", PostgresType::int8, true, true},
    {"_digest", "bytea", PostgresType::bytea, true, false},
}};

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw std::invalid_argument(where + ": " + why);
}

void comparable(const Column& column) {
    if (column.kind == ColumnKind::json) {
        refuse(column.field->full_name(), "a list or message cannot be compared");
    }
}

}  // namespace

TablePlan::TablePlan(const Projection& projection) : projection_(&projection) {
    const Descriptor& row = *projection.row_prototype->GetDescriptor();
    check_identifier(projection.options.table(), longest_table_name, row.full_name());
    for (int i = 0; i < row.field_count(); ++i) {
        plans_.emplace_back(*projection.row_prototype, *row.field(i));
        columns_.push_back(plans_.back().column());
    }
    canonical_ = std::make_shared<const CanonicalMessage>(row);
    const Column& key = require(projection.options.key(), "key");
    if (key.kind != ColumnKind::text || key.nullable) {
        refuse(key.field->full_name(), "a row's key must be a string that is always there");
    }
    key_ = static_cast<std::size_t>(&key - columns_.data());
    check_options();
}

const Column& TablePlan::require(std::string_view name, const char* what) const {
    const Column* column = find(name);
    if (column == nullptr) {
        refuse(projection_->row_prototype->GetDescriptor()->full_name() + "." + std::string(name),
               std::string("it is named as ") + what + ", but there is no such field");
    }
    return *column;
}

void TablePlan::check_options() const {
    const v1::RowOptions& options = projection_->options;
    for (const v1::Index& index : options.indexes()) {
        for (const std::string& name : index.columns()) comparable(require(name, "index"));
        if (index.columns().empty()) {
            refuse(projection_->row_prototype->GetDescriptor()->full_name(),
                   "an index has no columns");
        }
    }
    check_filters();
    for (const std::string& name : options.sort()) comparable(require(name, "sort key"));
    for (const std::string& name : options.search()) {
        const Column& column = require(name, "search field");
        if (column.kind != ColumnKind::text) {
            refuse(column.field->full_name(), "only text can be searched");
        }
    }
    if (!options.search().empty()) {
        check_identifier(search_table_name(options.table()), longest_table_name,
                         projection_->row_prototype->GetDescriptor()->full_name());
    }
}

void TablePlan::check_filters() const {
    std::set<std::string> parameters;
    std::set<std::string> routes;
    for (const v1::Filter& filter : projection_->options.filters()) {
        const Column& column = require(filter.column(), "filter");
        comparable(column);
        if (filter.operator_() == v1::FILTER_OPERATOR_UNSPECIFIED) {
            refuse(column.field->full_name(), "its filter has no operator");
        }
        if (filter.parameter().empty() || !parameters.insert(filter.parameter()).second) {
            refuse(column.field->full_name(), "its filter needs a parameter name of its own");
        }
        if (!filter.path_alias().empty() && (filter.operator_() != v1::FILTER_OPERATOR_EQUAL ||
                                             !routes.insert(filter.path_alias()).second)) {
            refuse(column.field->full_name(),
                   "a filter with a route of its own is an equality, and the route is its own");
        }
        if (filter.lower_case() && column.kind != ColumnKind::text) {
            refuse(column.field->full_name(), "only text has a lower case");
        }
    }
}

const Column* TablePlan::find(std::string_view name) const {
    const auto found = std::find_if(columns_.begin(), columns_.end(),
                                    [&](const Column& column) { return column.name == name; });
    return found == columns_.end() ? nullptr : &*found;
}

std::string TablePlan::table(Generation generation) const {
    return "read_gen." + generation_name(projection_->options.table(), generation);
}

std::string TablePlan::view() const { return "read." + projection_->options.table(); }

std::vector<std::string> TablePlan::create_table(Generation generation) const {
    const std::string name = generation_name(projection_->options.table(), generation);
    SqlList columns;
    for (const Column& column : columns_) {
        columns.add(quoted(column.name) + " " + column.sql_type +
                    (column.nullable ? "" : " NOT NULL"));
    }
    for (const SystemColumn& column : system_columns) {
        columns.add(std::string(column.name) + " " + std::string(column.type) + " NOT NULL");
    }
    std::vector<std::string> statements;
    statements.push_back("CREATE TABLE " + table(generation) + " (" + columns.text() +
                         ") WITH (fillfactor = 90)");
    statements.push_back("ALTER TABLE " + table(generation) + " ADD CONSTRAINT " + name +
                         "_pkey PRIMARY KEY (" + quoted(key().name) + ")");
    int number = 0;
    for (const v1::Index& index : projection_->options.indexes()) {
        SqlList indexed;
        bool has_key = false;
        for (const std::string& column : index.columns()) {
            indexed.add(quoted(column));
            has_key = has_key || column == key().name;
        }
        if (!has_key) indexed.add(quoted(key().name));
        statements.push_back("CREATE INDEX " + name + "_i" + std::to_string(++number) + " ON " +
                             table(generation) + " (" + indexed.text() + ")");
    }
    return statements;
}

std::string TablePlan::create_view(Generation generation) const {
    SqlList columns;
    for (const Column& column : columns_) columns.add(quoted(column.name));
    for (const SystemColumn& column : system_columns) {
        if (column.shown) columns.add(column.name);
    }
    return "CREATE OR REPLACE VIEW " + view() + " AS SELECT " + columns.text() + " FROM " +
           table(generation);
}

std::string TablePlan::insert(Generation generation) const {
    SqlList inserted;
    SqlList selected;
    Unnest unnest;
    for (const Column& column : columns_) {
        const std::string name = quoted(column.name);
        inserted.add(name);
        selected.add("u." + name + (column.kind == ColumnKind::json ? "::jsonb" : ""));
        unnest.add(column.name, parameter_type(column));
    }
    for (const SystemColumn& column : system_columns) {
        inserted.add(column.name);
        selected.add("u." + std::string(column.name));
        unnest.add(column.name, column.type);
    }
    return "INSERT INTO " + table(generation) + " (" + inserted.text() + ") SELECT " +
           selected.text() + " FROM " + unnest.text();
}

std::string TablePlan::upsert(Generation generation) const {
    SqlList updates;
    const auto update = [&](const std::string& name) { updates.add(name + " = excluded." + name); };
    for (const Column& column : columns_) {
        if (column.name != key().name) update(quoted(column.name));
    }
    for (const SystemColumn& column : system_columns) {
        if (column.changes) update(std::string(column.name));
    }
    return insert(generation) + " ON CONFLICT (" + quoted(key().name) + ") DO UPDATE SET " +
           updates.text();
}

std::vector<PostgresType> TablePlan::element_types() const {
    std::vector<PostgresType> types;
    for (const Column& column : columns_) types.push_back(element_type(column.kind));
    for (const SystemColumn& column : system_columns) types.push_back(column.element);
    return types;
}

std::string TablePlan::erase(Generation generation) const {
    return "DELETE FROM " + table(generation) + " WHERE " + quoted(key().name) +
           " = ANY($1::text[])";
}

std::string TablePlan::select_by_keys(Generation generation) const {
    SqlList columns;
    for (const Column& column : columns_) columns.add(quoted(column.name));
    for (const SystemColumn& column : system_columns) columns.add(column.name);
    const std::string name = quoted(key().name);
    return "SELECT " + columns.text() + " FROM " + table(generation) + " WHERE " + name +
           " = ANY($1::text[]) ORDER BY " + name;
}

std::string TablePlan::sum_digests(Generation generation) const {
    SqlList pieces;
    for (int piece = 0; piece < 4; ++piece) {
        pieces.add("sum(('x' || encode(substr(_digest, " + std::to_string(1 + 4 * piece) +
                   ", 4), 'hex'))::bit(32)::int8)::int8");
    }
    return "SELECT _bucket, count(*), " + pieces.text() + " FROM " + table(generation) +
           " WHERE _partition = $1::int2 GROUP BY _bucket";
}

void TablePlan::append_array_element(std::size_t column, const Message& row,
                                     std::string& out) const {
    plans_[column].append_array_element(row, out);
}

void TablePlan::append_binary_element(std::size_t column, const Message& row,
                                      std::string& out) const {
    plans_[column].append_binary_element(row, out);
}

bool TablePlan::load(std::size_t column, Message& row, std::optional<std::string_view> text) const {
    return plans_[column].load(row, text);
}

void TablePlan::canonicalise(Message& row) const { canonical_->apply(row); }

RowDigest TablePlan::digest(const Message& row, Version version,
                            std::span<const std::uint8_t> secret) const {
    assert(secret.size() >= XXH3_SECRET_SIZE_MIN);
    // One a thread, kept: a digest is made of every row of every batch.
    thread_local std::string bytes;
    bytes.clear();
    for (const ColumnPlan& plan : plans_) plan.append_canonical(row, bytes);
    for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(version.value >> (8 * i));
    const XXH128_hash_t hash =
        XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret.data(), secret.size());
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    RowDigest digest{};
    std::copy(std::begin(canonical.digest), std::end(canonical.digest), digest.begin());
    return digest;
}

std::int16_t TablePlan::bucket_of(std::string_view key) {
    return static_cast<std::int16_t>(XXH3_64bits(key.data(), key.size()) %
                                     DigestVector::bucket_count);
}

}  // namespace foldstream::fold
