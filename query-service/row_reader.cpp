#include "query-service/row_reader.hpp"

#include <memory>
#include <stdexcept>

#include "common/codec/json.hpp"

namespace foldstream::query {

using google::protobuf::Message;

RowReader::RowReader(const Message& prototype) : prototype_(prototype) {
    const auto* descriptor = prototype.GetDescriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
        plans_.emplace_back(prototype, *descriptor->field(i));
        if (!columns_.empty()) columns_ += ", ";
        columns_ += '"' + plans_.back().column().name + '"';
    }
}

void RowReader::append_rows(const postgres::Result& result, std::size_t count,
                            std::size_t first_column, std::string& out) const {
    const std::unique_ptr<Message> row(prototype_.New());
    out += '[';
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) out += ',';
        load(result, i, first_column, *row);
        codec::append_json(*row, out);
    }
    out += ']';
}

void RowReader::append_row(const postgres::Result& result, std::size_t row,
                           std::size_t first_column, std::string& out) const {
    const std::unique_ptr<Message> message(prototype_.New());
    load(result, row, first_column, *message);
    codec::append_json(*message, out);
}

void RowReader::load(const postgres::Result& result, std::size_t row, std::size_t first_column,
                     Message& into) const {
    into.Clear();
    for (std::size_t i = 0; i < plans_.size(); ++i) {
        if (plans_[i].load(into, result.get(row, first_column + i))) continue;
        throw std::runtime_error("column " + plans_[i].column().name + " of " +
                                 prototype_.GetDescriptor()->full_name() +
                                 " has a value that is not of its type");
    }
}

std::optional<std::size_t> RowReader::find(std::string_view name) const {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
        if (plans_[i].column().name == name) return i;
    }
    return std::nullopt;
}

bool RowReader::accepts(std::size_t column, std::string_view text) const {
    const std::unique_ptr<Message> scratch(prototype_.New());
    return plans_[column].load(*scratch, text);
}

}  // namespace foldstream::query
