#include <bit>

#include "common/fold/canonical_message.hpp"
#include "common/fold/column.hpp"

namespace foldstream::fold {

using google::protobuf::Message;

namespace {

constexpr std::int64_t epoch_of_postgres_ms = 946'684'800'000;  // 2000-01-01T00:00:00Z

}  // namespace

PostgresType element_type(ColumnKind kind) {
    switch (kind) {
        case ColumnKind::boolean:
            return PostgresType::boolean;
        case ColumnKind::int32:
            return PostgresType::int4;
        case ColumnKind::int64:
            return PostgresType::int8;
        case ColumnKind::float64:
            return PostgresType::float8;
        case ColumnKind::bytes:
            return PostgresType::bytea;
        case ColumnKind::timestamp:
            return PostgresType::timestamptz;
        case ColumnKind::text:
        case ColumnKind::enumeration:
        case ColumnKind::json:
            break;
    }
    return PostgresType::text;  // cast behind unnest where the column is another
}

void ColumnPlan::append_binary_element(const Message& row, std::string& out) const {
    if (is_null(row)) return append_null_element(out);
    std::string scratch;
    switch (column_.kind) {
        case ColumnKind::text:
        case ColumnKind::bytes:
            return append_bytes_element(
                reflection_->GetStringReference(row, column_.field, &scratch), out);
        case ColumnKind::boolean:
            return append_number_element(
                static_cast<std::uint8_t>(reflection_->GetBool(row, column_.field)), out);
        case ColumnKind::int32:
            return append_number_element(static_cast<std::int32_t>(integer(row)), out);
        case ColumnKind::int64:
            return append_number_element(integer(row), out);
        case ColumnKind::float64:
            return append_number_element(std::bit_cast<std::uint64_t>(floating(row)), out);
        case ColumnKind::timestamp: {
            const std::int64_t ms = time_ms(reflection_->GetMessage(row, column_.field));
            return append_number_element((ms - epoch_of_postgres_ms) * 1'000, out);
        }
        case ColumnKind::enumeration:
        case ColumnKind::json:
            append_text(row, scratch);
            return append_bytes_element(scratch, out);
    }
}

}  // namespace foldstream::fold
