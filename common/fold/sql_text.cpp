#include "common/fold/sql_text.hpp"

namespace foldstream::fold {

std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

std::string generation_name(std::string_view table, Generation generation) {
    return std::string(table) + "_g" + std::to_string(generation.value);
}

SqlList& SqlList::add(std::string_view item) {
    if (!text_.empty()) text_ += ", ";
    text_ += item;
    return *this;
}

std::string_view parameter_type(const Column& column) {
    if (column.kind == ColumnKind::text || column.kind == ColumnKind::enumeration ||
        column.kind == ColumnKind::json) {
        return "text";
    }
    return column.sql_type;
}

void Unnest::add(std::string_view name, std::string_view type) {
    ++count_;
    arrays_.add("$" + std::to_string(count_) + "::" + std::string(type) + "[]");
    names_.add(quoted(name));
}

std::string Unnest::text() const {
    return "unnest(" + arrays_.text() + ") AS u(" + names_.text() + ")";
}

}  // namespace foldstream::fold
