#include "query-service/projections_plan.hpp"

#include <algorithm>

#include "common/codec/json.hpp"
#include "common/core/time_text.hpp"
#include "common/fold/column.hpp"

namespace foldstream::query {

namespace {

// The statement's columns, in order.
enum Columns : std::size_t {
    name,
    domain,
    generation,
    fold_version,
    state,
    partition_count,
    partition,
    record_offset,
    epoch,
    sequence,
    seen_offset,
    owner,
    applied_at_ms,
    stopped,
};

// The values of a JSON object, one after the other.
class Members {
public:
    explicit Members(std::string& out) : out_(out) { out_ += '{'; }
    std::string& name(std::string_view text) {
        if (!first_) out_ += ',';
        first_ = false;
        codec::append_json_string(text, out_);
        out_ += ':';
        return out_;
    }
    void text(std::string_view member, std::string_view value) {
        codec::append_json_string(value, name(member));
    }
    template <typename T>
    void number(std::string_view member, const std::optional<T>& value) {
        name(member) += value ? std::to_string(*value) : "null";
    }
    void integer(std::string_view member, const postgres::Result& result, std::size_t row,
                 std::size_t column) {
        name(member) += result.get(row, column) ? std::to_string(result.integer(row, column))
                                                : std::string("null");
    }
    void end() { out_ += '}'; }

private:
    std::string& out_;
    bool first_ = true;
};

Found answered(std::string body, std::vector<Covered> covered) {
    return {{200, "application/json", {}, std::move(body)}, std::move(covered)};
}

}  // namespace

ProjectionsPlan::ProjectionsPlan(std::vector<Source> asked, const PositionBoard& board)
    : asked_(std::move(asked)), board_(board) {}

Statement ProjectionsPlan::statement() const {
    std::string names = "{";
    for (const Source& source : asked_) {
        if (names.size() > 1) names += ',';
        fold::append_array_text(source.projection, names);
    }
    return {
        "SELECT p.name, p.domain, p.active_generation, g.fold_version, g.state, "
        "c.partition_count, c.partition, c.record_offset, c.epoch, c.sequence, c.seen_offset, "
        "c.owner, (extract(epoch FROM c.applied_at) * 1000)::int8, c.stopped "
        "FROM foldstream.projection p "
        "LEFT JOIN foldstream.generation g ON g.projection = p.name "
        "AND g.generation = p.active_generation "
        "LEFT JOIN foldstream.checkpoint c ON c.projection = p.name "
        "AND c.generation = p.active_generation "
        "WHERE p.name = ANY($1::text[]) ORDER BY p.name, c.partition",
        {names + "}"}};
}

Found ProjectionsPlan::all(const postgres::Result& result) const {
    std::string body = R"({"data":[)";
    std::vector<Covered> covered;
    for (std::size_t row = 0; row < result.rows();) {
        if (row > 0) body += ',';
        row = append(result, row, body, covered);
    }
    body += R"(],"page":{"next":null,"limit":)" + std::to_string(asked_.size()) + "}}";
    return answered(std::move(body), std::move(covered));
}

Found ProjectionsPlan::one(const postgres::Result& result) const {
    if (result.rows() == 0) {
        return {http::problem(404, "not-found", "this projection has no generation yet"), {}};
    }
    std::string body;
    std::vector<Covered> covered;
    append(result, 0, body, covered);
    return answered(std::move(body), std::move(covered));
}

std::size_t ProjectionsPlan::append(const postgres::Result& result, std::size_t row,
                                    std::string& out, std::vector<Covered>& covered) const {
    const std::string projection = result.text(row, Columns::name);
    std::string partitions = "[";
    const std::size_t first = row;
    std::vector<Covered> own;
    for (; row < result.rows() && result.text(row, Columns::name) == projection; ++row) {
        if (!result.get(row, Columns::partition)) continue;
        if (partitions.size() > 1) partitions += ',';
        append_partition(result, row, partitions, own);
    }
    std::optional<std::int64_t> lag = 0;
    std::optional<std::int64_t> behind = 0;
    std::int64_t standing = 0;
    for (std::size_t i = first; i < row; ++i) standing += result.get(i, Columns::stopped) ? 1 : 0;
    for (const Covered& one : own) {
        const auto its = board_.lag_ms(projection, one);
        lag = its && lag ? std::optional(std::max(*lag, *its)) : std::nullopt;
        const auto end = board_.head(one.place.domain, one.place.partition);
        behind =
            end && behind
                ? std::optional(*behind + std::max<std::int64_t>(0, end->value - one.seen.value))
                : std::nullopt;
    }
    Members members(out);
    members.text("name", projection);
    members.text("domain", result.text(first, Columns::domain));
    members.integer("generation", result, first, Columns::generation);
    members.integer("foldVersion", result, first, Columns::fold_version);
    members.text("state", result.text(first, Columns::state));
    members.integer("partitionCount", result, first, Columns::partition_count);
    members.number("lagRecords", behind);
    members.number("lagMs", lag);
    members.number("stoppedPartitions", std::optional(standing));
    members.name("partitions") += partitions + "]";
    members.end();
    covered.insert(covered.end(), own.begin(), own.end());
    return row;
}

void ProjectionsPlan::append_partition(const postgres::Result& result, std::size_t row,
                                       std::string& out, std::vector<Covered>& covered) const {
    const std::string projection = result.text(row, Columns::name);
    const Partition p(static_cast<std::int32_t>(result.integer(row, Columns::partition)));
    const auto applied = static_cast<std::uint64_t>(result.integer(row, Columns::sequence));
    const Covered one{{result.text(row, Columns::domain), p, Sequence(applied)},
                      Offset(result.integer(row, Columns::seen_offset))};
    const auto end = board_.head(one.place.domain, p);
    const auto last = board_.last_sequence(one.place.domain, p);
    std::optional<std::int64_t> records;
    std::optional<std::uint64_t> entries;
    if (end) records = std::max<std::int64_t>(0, end->value - one.seen.value);
    if (records == 0) {
        entries = 0;
    } else if (last) {
        entries = last->value > applied ? last->value - applied : 0;
    }
    Members members(out);
    members.number("partition", std::optional(p.value));
    members.text("position", to_text(one.place));
    members.integer("recordOffset", result, row, Columns::record_offset);
    members.integer("epoch", result, row, Columns::epoch);
    members.integer("seenOffset", result, row, Columns::seen_offset);
    members.number("endOffset", end ? std::optional(end->value) : std::nullopt);
    members.number("lagRecords", records);
    members.number("lagEntries", entries);
    members.number("lagMs", board_.lag_ms(projection, one));
    members.text("owner", result.text(row, Columns::owner));
    if (result.get(row, Columns::applied_at_ms)) {
        members.text("appliedAt", rfc3339(result.integer(row, Columns::applied_at_ms)));
    } else {
        members.name("appliedAt") += "null";
    }
    if (result.get(row, Columns::stopped)) {
        members.text("stopped", result.text(row, Columns::stopped));
    } else {
        members.name("stopped") += "null";
    }
    members.end();
    covered.push_back(one);
}

}  // namespace foldstream::query
