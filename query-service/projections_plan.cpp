#include "query-service/projections_plan.hpp"

#include <algorithm>
#include <map>

#include "common/codec/json.hpp"
#include "common/core/time_text.hpp"

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
    void text_or_null(std::string_view member, const std::optional<std::string>& value) {
        if (value) return text(member, *value);
        name(member) += "null";
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
        {array_of_projections(asked_)}};
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
    const std::size_t first = row;
    const std::string projection = result.text(first, Columns::name);
    const std::string domain = result.text(first, Columns::domain);
    std::map<Partition, std::size_t> rows;
    for (; row < result.rows() && result.text(row, Columns::name) == projection; ++row) {
        if (!result.get(row, Columns::partition)) continue;
        rows[Partition(static_cast<std::int32_t>(result.integer(row, Columns::partition)))] = row;
    }
    // One without a checkpoint stands at the log's start: nobody has served it yet.
    const std::int32_t count =
        rows.empty() ? board_.partition_count(domain).value_or(0)
                     : static_cast<std::int32_t>(result.integer(first, Columns::partition_count));
    std::string partitions;
    std::vector<Covered> own;
    std::int64_t stopped = 0;
    for (Partition p(0); p.value < count; ++p.value) {
        const auto found = rows.find(p);
        const auto at = found == rows.end() ? std::nullopt : std::optional(found->second);
        own.push_back(covered_at(result, at, domain, p));
        partitions += partitions.empty() ? "" : ",";
        append_partition(result, at, projection, own.back(), partitions);
        if (at && result.get(*at, Columns::stopped)) ++stopped;
    }
    std::optional<std::int64_t> lag = 0;
    std::optional<std::int64_t> records = 0;
    for (const Covered& one : own) {
        const auto its_lag = board_.lag_ms(projection, one);
        lag = its_lag && lag ? std::optional(std::max(*lag, *its_lag)) : std::nullopt;
        const auto its_records = lag_records(one);
        records = its_records && records ? std::optional(*records + *its_records) : std::nullopt;
    }
    Members members(out);
    members.text("name", projection);
    members.text("domain", domain);
    members.integer("generation", result, first, Columns::generation);
    members.integer("foldVersion", result, first, Columns::fold_version);
    members.text("state", result.text(first, Columns::state));
    members.number("partitionCount", std::optional(count));
    members.number("lagRecords", records);
    members.number("lagMs", lag);
    members.number("stoppedPartitions", std::optional(stopped));
    members.name("partitions") += "[" + partitions + "]";
    members.end();
    covered.insert(covered.end(), own.begin(), own.end());
    return row;
}

Covered ProjectionsPlan::covered_at(const postgres::Result& result, std::optional<std::size_t> row,
                                    const std::string& domain, Partition partition) {
    if (!row) return {{domain, partition, Sequence(0)}, Offset(0)};
    const auto sequence = static_cast<std::uint64_t>(result.integer(*row, Columns::sequence));
    return {{domain, partition, Sequence(sequence)},
            Offset(result.integer(*row, Columns::seen_offset))};
}

std::optional<std::int64_t> ProjectionsPlan::lag_records(const Covered& one) const {
    const auto end = board_.head(one.place.domain, one.place.partition);
    if (!end) return std::nullopt;
    return std::max<std::int64_t>(0, end->value - one.seen.value);
}

void ProjectionsPlan::append_partition(const postgres::Result& result,
                                       std::optional<std::size_t> row,
                                       const std::string& projection, const Covered& one,
                                       std::string& out) const {
    const auto records = lag_records(one);
    const auto last = board_.last_sequence(one.place.domain, one.place.partition);
    const std::uint64_t applied = one.place.sequence.value;
    std::optional<std::uint64_t> entries;
    if (records == 0) {
        entries = 0;
    } else if (last) {
        entries = last->value > applied ? last->value - applied : 0;
    }
    const auto end = board_.head(one.place.domain, one.place.partition);
    const auto text_of = [&](Columns column) -> std::optional<std::string> {
        if (!row || !result.get(*row, column)) return std::nullopt;
        return result.text(*row, column);
    };
    Members members(out);
    members.number("partition", std::optional(one.place.partition.value));
    members.text("position", to_text(one.place));
    members.name("recordOffset") += text_of(Columns::record_offset).value_or("-1");
    members.name("epoch") += text_of(Columns::epoch).value_or("0");
    members.number("seenOffset", std::optional(one.seen.value));
    members.number("endOffset", end ? std::optional(end->value) : std::nullopt);
    members.number("lagRecords", records);
    members.number("lagEntries", entries);
    members.number("lagMs", board_.lag_ms(projection, one));
    members.text_or_null("owner", text_of(Columns::owner));
    std::optional<std::string> applied_at;
    if (text_of(Columns::applied_at_ms)) {
        applied_at = rfc3339(result.integer(*row, Columns::applied_at_ms));
    }
    members.text_or_null("appliedAt", applied_at);
    members.text_or_null("stopped", text_of(Columns::stopped));
    members.end();
}

}  // namespace foldstream::query
