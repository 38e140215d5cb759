#include "cli/checkpoints.hpp"

#include <bit>
#include <chrono>

namespace foldstream::cli {

namespace {

constexpr std::chrono::milliseconds statement_limit{10'000};

std::uint64_t as_unsigned(std::int64_t value) { return std::bit_cast<std::uint64_t>(value); }

constexpr const char* place_columns = "c.record_offset, c.epoch, c.sequence, c.link, c.next_offset";

// The place_columns, from `column` on.
LogStart place_of(const postgres::Result& rows, std::size_t row, std::size_t column) {
    LogStart place;
    place.position.offset = Offset(rows.integer(row, column));
    if (place.position.offset.value < 0) return {};
    place.position.epoch = Epoch(as_unsigned(rows.integer(row, column + 1)));
    place.position.sequence = Sequence(as_unsigned(rows.integer(row, column + 2)));
    place.position.link = RecordId(as_unsigned(rows.integer(row, column + 3)));
    place.next_offset = as_unsigned(rows.integer(row, column + 4));
    return place;
}

}  // namespace

postgres::ConnectionSettings reading_settings(const std::string& url) {
    postgres::ConnectionSettings settings;
    settings.url = url;
    settings.application_name = "foldctl";
    settings.statement_timeout = statement_limit;
    settings.read_only = true;
    return settings;
}

std::vector<FedGeneration> read_generations(postgres::Connection& connection) {
    const postgres::Result rows = connection.exec(
        std::string("SELECT p.name, p.domain, g.generation, g.state, c.partition, ") +
        place_columns +
        ", c.seen_offset, c.owner, (extract(epoch FROM c.applied_at) * 1000)::int8, c.stopped "
        "FROM foldstream.projection p "
        "JOIN foldstream.generation g ON g.projection = p.name AND g.state <> 'retired' "
        "LEFT JOIN foldstream.checkpoint c "
        "ON c.projection = p.name AND c.generation = g.generation "
        "ORDER BY p.name, g.generation, c.partition");
    std::vector<FedGeneration> all;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        const Generation generation(static_cast<std::int32_t>(rows.integer(row, 2)));
        if (all.empty() || all.back().projection != rows.text(row, 0) ||
            all.back().generation != generation) {
            all.push_back(
                {rows.text(row, 0), rows.text(row, 1), generation, rows.text(row, 3), {}});
        }
        if (!rows.get(row, 4)) continue;
        Checkpoint checkpoint;
        checkpoint.partition = Partition(static_cast<std::int32_t>(rows.integer(row, 4)));
        checkpoint.place = place_of(rows, row, 5);
        checkpoint.seen_offset = Offset(rows.integer(row, 10));
        checkpoint.owner = rows.text(row, 11);
        if (rows.get(row, 12)) checkpoint.applied_at_ms = rows.integer(row, 12);
        if (rows.get(row, 13)) checkpoint.stopped = rows.text(row, 13);
        all.back().checkpoints.push_back(std::move(checkpoint));
    }
    return all;
}

std::optional<LogStart> furthest_place(postgres::Connection& connection, const std::string& domain,
                                       Partition partition) {
    const postgres::Result rows = connection.exec(
        std::string("SELECT ") + place_columns +
            " FROM foldstream.checkpoint c JOIN foldstream.projection p ON p.name = c.projection "
            "WHERE p.domain = $1 AND c.partition = $2 AND c.record_offset >= 0 "
            "ORDER BY c.record_offset DESC LIMIT 1",
        {domain, std::to_string(partition.value)});
    if (rows.rows() == 0) return std::nullopt;
    return place_of(rows, 0, 0);
}

}  // namespace foldstream::cli
