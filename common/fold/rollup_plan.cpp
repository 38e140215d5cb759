#include <algorithm>
#include <cassert>
#include <set>
#include <stdexcept>

#include "common/fold/sql_text.hpp"
#include "common/fold/table_plan.hpp"

namespace foldstream::fold {

using google::protobuf::FieldDescriptor;

namespace {

constexpr std::string_view partition_column = "_partition";

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw std::invalid_argument(where + ": " + why);
}

const Column* find_in(const std::vector<Column>& columns, std::string_view name) {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const Column& column) { return column.name == name; });
    return found == columns.end() ? nullptr : &*found;
}

std::int64_t integer(const Message& message, const FieldDescriptor* field) {
    const auto* reflection = message.GetReflection();
    return field->cpp_type() == FieldDescriptor::CPPTYPE_INT32
               ? reflection->GetInt32(message, field)
               : reflection->GetInt64(message, field);
}

}  // namespace

RollupPlan::RollupPlan(const TablePlan& base, const RollupType& rollup)
    : rollup_(&rollup), base_(&base) {
    const Descriptor& type = *rollup.prototype->GetDescriptor();
    check_identifier(rollup.options.table(), longest_table_name, type.full_name());
    for (int i = 0; i < type.field_count(); ++i) add_field(*type.field(i));
    const auto is_count = [](const Column& column) {
        return column.field->options().GetExtension(v1::rollup_field) == v1::ROLLUP_FIELD_COUNT;
    };
    if (std::count_if(measures_.begin(), measures_.end(), is_count) != 1) {
        refuse(type.full_name(), "a rollup has exactly one count");
    }
    std::stable_partition(measures_.begin(), measures_.end(), is_count);
    if (keys_.empty()) refuse(type.full_name(), "a rollup has a group key");
    check_view_columns();
    check_latest();
}

void RollupPlan::add_field(const FieldDescriptor& field) {
    const ColumnPlan plan(*rollup_->prototype, field);
    Column column = plan.column();
    const auto cpp_type = field.cpp_type();
    switch (field.options().GetExtension(v1::rollup_field)) {
        case v1::ROLLUP_FIELD_KEY:
            if (column.nullable || column.kind == ColumnKind::json ||
                column.kind == ColumnKind::float64) {
                refuse(field.full_name(),
                       "a group key is text, an enum, a number without fraction, a bool or bytes, "
                       "and always there");
            }
            keys_.push_back(column);
            key_plans_.push_back(plan);
            break;
        case v1::ROLLUP_FIELD_COUNT:
            if (cpp_type != FieldDescriptor::CPPTYPE_INT64 || field.is_repeated()) {
                refuse(field.full_name(), "a count is an int64");
            }
            column.nullable = false;
            measures_.push_back(column);
            break;
        case v1::ROLLUP_FIELD_SUM:
            if ((cpp_type != FieldDescriptor::CPPTYPE_INT64 &&
                 cpp_type != FieldDescriptor::CPPTYPE_INT32) ||
                field.is_repeated()) {
                refuse(field.full_name(), "a sum is of signed integers: others are not exact");
            }
            column.sql_type = "numeric";
            column.nullable = false;
            measures_.push_back(column);
            break;
        case v1::ROLLUP_FIELD_VIEW:
            break;
        default:
            refuse(field.full_name(), "it has no (foldstream.v1.rollup_field)");
    }
    columns_.push_back(std::move(column));
}

const Column* RollupPlan::find(std::string_view name) const { return find_in(columns_, name); }

const Column* RollupPlan::find_key(std::string_view name) const { return find_in(keys_, name); }

const v1::Derived* RollupPlan::derived(std::string_view name) const {
    for (const v1::Derived& one : rollup_->options.derived()) {
        if (one.column() == name) return &one;
    }
    return nullptr;
}

const v1::LatestColumn* RollupPlan::latest(std::string_view name) const {
    for (const v1::LatestColumn& one : rollup_->options.latest().columns()) {
        if (one.column() == name) return &one;
    }
    return nullptr;
}

// Every view-only field comes from one place, and nothing else does.
void RollupPlan::check_view_columns() const {
    std::set<std::string> filled;
    const auto fill = [&](const std::string& name) {
        const Column* column = find(name);
        const std::string where = rollup_->prototype->GetDescriptor()->full_name() + "." + name;
        if (column == nullptr ||
            column->field->options().GetExtension(v1::rollup_field) != v1::ROLLUP_FIELD_VIEW) {
            refuse(where, "the view fills it, but it is no ROLLUP_FIELD_VIEW");
        }
        if (!filled.insert(name).second) refuse(where, "the view fills it twice");
    };
    for (const v1::Derived& one : rollup_->options.derived()) {
        fill(one.column());
        if (one.expression().empty()) refuse(one.column(), "it is derived from nothing");
    }
    for (const v1::LatestColumn& one : rollup_->options.latest().columns()) fill(one.column());
    for (const Column& column : columns_) {
        if (column.field->options().GetExtension(v1::rollup_field) == v1::ROLLUP_FIELD_VIEW &&
            !filled.contains(column.name)) {
            refuse(column.field->full_name(), "nothing fills it: it is neither derived nor latest");
        }
    }
}

void RollupPlan::check_latest() const {
    if (!rollup_->options.has_latest()) return;
    const v1::Latest& latest = rollup_->options.latest();
    const std::string& where = rollup_->prototype->GetDescriptor()->full_name();
    const auto base = [&](const std::string& name) -> const Column& {
        const Column* column = base_->find(name);
        if (column == nullptr) refuse(where, "the base row has no field \"" + name + "\"");
        return *column;
    };
    std::set<std::string> matched;
    for (const std::string& name : latest.match()) {
        const Column* key = find_key(name);
        if (key == nullptr) refuse(where + "." + name, "it is matched, but it is no group key");
        if (key->kind != base(name).kind) {
            refuse(where + "." + name, "the base row's field is of another type");
        }
        matched.insert(name);
    }
    if (matched.size() != keys_.size()) {
        refuse(where, "the newest row must match all group keys, or it is another group's");
    }
    if (base(latest.by()).kind == ColumnKind::json) {
        refuse(where, "a list or message cannot say which row is the newest");
    }
    for (const v1::LatestColumn& one : latest.columns()) {
        if (base(one.from()).kind != find(one.column())->kind) {
            refuse(where + "." + one.column(), "the base row's field is of another type");
        }
    }
    const auto& indexes = base_->projection().options.indexes();
    const bool indexed = std::any_of(indexes.begin(), indexes.end(), [&](const v1::Index& index) {
        return matched.contains(index.columns(0));
    });
    if (!indexed) refuse(where, "no index of the base table begins with one of its group keys");
}

std::string RollupPlan::table(Generation generation) const {
    return "read_gen." + generation_name(rollup_->options.table(), generation);
}

std::string RollupPlan::view() const { return "read." + rollup_->options.table(); }

std::string RollupPlan::conflict_columns() const {
    SqlList list;
    if (rollup_->options.per_partition()) list.add(partition_column);
    for (const Column& key : keys_) list.add(quoted(key.name));
    return list.text();
}

std::vector<std::string> RollupPlan::create_table(Generation generation) const {
    SqlList columns;
    if (rollup_->options.per_partition()) {
        columns.add(std::string(partition_column) + " int2 NOT NULL");
    }
    for (const auto* some : {&keys_, &measures_}) {
        for (const Column& column : *some) {
            columns.add(quoted(column.name) + " " + column.sql_type + " NOT NULL");
        }
    }
    const std::string name = generation_name(rollup_->options.table(), generation);
    return {
        "CREATE TABLE " + table(generation) + " (" + columns.text() + ") WITH (fillfactor = 90)",
        "ALTER TABLE " + table(generation) + " ADD CONSTRAINT " + name + "_pkey PRIMARY KEY (" +
            conflict_columns() + ")"};
}

// The groups as the view sees them, under the alias r.
std::string RollupPlan::summed(Generation generation) const {
    if (!rollup_->options.per_partition()) return table(generation) + " r";
    SqlList selected;
    SqlList keys;
    for (const Column& key : keys_) {
        selected.add(quoted(key.name));
        keys.add(quoted(key.name));
    }
    for (const Column& measure : measures_) {
        const std::string name = quoted(measure.name);
        selected.add("sum(" + name + ")::" + measure.sql_type + " AS " + name);
    }
    return "(SELECT " + selected.text() + " FROM " + table(generation) + " GROUP BY " +
           keys.text() + ") r";
}

// The newest base row of the group r, under the alias l.
std::string RollupPlan::lateral(Generation generation) const {
    const v1::Latest& latest = rollup_->options.latest();
    SqlList selected;
    for (const v1::LatestColumn& one : latest.columns()) {
        selected.add("b." + quoted(one.from()) + " AS " + quoted(one.column()));
    }
    std::string where;
    for (const std::string& name : latest.match()) {
        if (!where.empty()) where += " AND ";
        where += "b." + quoted(name) + " = r." + quoted(name);
    }
    if (!latest.where().empty()) where += " AND (" + latest.where() + ")";
    return " LEFT JOIN LATERAL (SELECT " + selected.text() + " FROM " + base_->table(generation) +
           " b WHERE " + where + " ORDER BY b." + quoted(latest.by()) + " DESC, b." +
           quoted(base_->key().name) + " DESC LIMIT 1) l ON true";
}

std::string RollupPlan::create_view(Generation generation) const {
    SqlList selected;
    for (const Column& column : columns_) {
        const std::string name = quoted(column.name);
        if (const v1::Derived* one = derived(column.name)) {
            selected.add("(" + one->expression() + ") AS " + name);
        } else {
            selected.add((latest(column.name) != nullptr ? "l." : "r.") + name);
        }
    }
    return "CREATE OR REPLACE VIEW " + view() + " AS SELECT " + selected.text() + " FROM " +
           summed(generation) + (rollup_->options.has_latest() ? lateral(generation) : "");
}

std::string RollupPlan::upsert(Generation generation) const {
    Unnest unnest;
    SqlList columns;
    SqlList selected;
    const auto add = [&](std::string_view column, std::string_view type) {
        unnest.add(column, type);
        columns.add(quoted(column));
        selected.add("u." + quoted(column));
    };
    if (rollup_->options.per_partition()) add(partition_column, "int2");
    for (const Column& key : keys_) add(key.name, parameter_type(key));
    SqlList updates;
    for (const Column& measure : measures_) {
        add(measure.name, measure.sql_type);
        const std::string name = quoted(measure.name);
        updates.add(name + " = t." + name + " + excluded." + name);
    }
    return "INSERT INTO " + table(generation) + " AS t (" + columns.text() + ") SELECT " +
           selected.text() + " FROM " + unnest.text() + " ON CONFLICT (" + conflict_columns() +
           ") DO UPDATE SET " + updates.text();
}

std::string RollupPlan::erase_empty(Generation generation) const {
    Unnest unnest;
    SqlList selected;
    const auto add = [&](std::string_view column, std::string_view type) {
        unnest.add(column, type);
        selected.add("u." + quoted(column));
    };
    if (rollup_->options.per_partition()) add(partition_column, "int2");
    for (const Column& key : keys_) add(key.name, parameter_type(key));
    return "DELETE FROM " + table(generation) + " WHERE (" + conflict_columns() + ") IN (SELECT " +
           selected.text() + " FROM " + unnest.text() + ") AND " + quoted(measures_.front().name) +
           " = 0";
}

std::optional<RollupPlan::Delta> RollupPlan::delta(const Message& row, int sign) const {
    assert(sign == 1 || sign == -1);
    const std::unique_ptr<Message> contributed = rollup_->contribute(row);
    if (!contributed) return std::nullopt;
    Delta delta;
    delta.keys.reserve(keys_.size());
    for (const ColumnPlan& plan : key_plans_) {
        plan.append_text(*contributed, delta.keys.emplace_back());
    }
    delta.count = sign * integer(*contributed, measures_.front().field);
    assert(delta.count != 0);  // a group's rows must be counted, or it is never deleted
    delta.sums.reserve(measures_.size() - 1);
    for (std::size_t i = 1; i < measures_.size(); ++i) {
        delta.sums.push_back(static_cast<__int128>(integer(*contributed, measures_[i].field)) *
                             sign);
    }
    return delta;
}

}  // namespace foldstream::fold
