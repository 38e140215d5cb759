#include "projector/batch_writer.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <utility>

#include "common/core/test_hooks.hpp"

namespace foldstream::projector {

using test_hooks::FaultPoint;
using test_hooks::Mutant;

namespace {

// Behind the row's own columns, in SystemColumns' order.
enum SystemColumn : std::size_t {
    partition_column,
    bucket_column,
    version_column,
    sequence_column,
    digest_column,
    system_columns
};

void append_hex(std::span<const std::uint8_t> bytes, std::string& out) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
}

std::string key_array(const std::vector<KeyEvents>& keys) {
    std::string text = "{";
    for (const KeyEvents& key : keys) {
        if (text.size() > 1) text.push_back(',');
        fold::append_array_text(key.key, text);
    }
    text.push_back('}');
    return text;
}

std::vector<KeyEvents>::const_iterator find_key(const std::vector<KeyEvents>& keys,
                                                std::string_view key) {
    const auto found =
        std::lower_bound(keys.begin(), keys.end(), key,
                         [](const KeyEvents& a, std::string_view b) { return a.key < b; });
    return found != keys.end() && found->key == key ? found : keys.end();
}

// A row's key is the aggregate's id, which is text.
std::string key_of(const fold::Message& row, const fold::Column& key) {
    return row.GetReflection()->GetString(row, key.field);
}

}  // namespace

BatchWriter::BatchWriter(const fold::Projection& projection, ServedGeneration generation,
                         const fold::EventType* skipped)
    : plan_(projection),
      generation_(std::move(generation)),
      skipped_(skipped),
      rollups_(plan_, projection, generation_.number),
      select_(plan_.select_by_keys(generation_.number)),
      upsert_(plan_.upsert(generation_.number)),
      erase_(plan_.erase(generation_.number)) {}

CheckpointKey BatchWriter::checkpoint(Partition partition) const {
    return {projection().name, generation_.number, partition};
}

ApplyResult BatchWriter::apply(postgres::Connection& connection, Partition partition,
                               std::int64_t owner_epoch, Offset expected, Batch& batch) const {
    if (test_hooks::mutant(Mutant::checkpoint_outside_transaction)) {
        postgres::Transaction alone(connection);
        if (!advance(alone, checkpoint(partition), owner_epoch, expected, batch.reached()))
            return {Applied::fenced, ""};
        alone.commit();
    }
    postgres::Transaction transaction(connection);
    test_hooks::fault_point(FaultPoint::begun);
    // First, so that whoever else believes to own the partition waits here and then finds out.
    if (!test_hooks::mutant(Mutant::checkpoint_outside_transaction) &&
        !advance(transaction, checkpoint(partition), owner_epoch, expected, batch.reached()))
        return {Applied::fenced, ""};
    test_hooks::fault_point(FaultPoint::checkpoint_locked);
    if (batch.events() > 0) {
        const std::vector<KeyEvents>& keys = batch.sorted();
        std::vector<Row> rows(keys.size());
        if (Why why = load(transaction, partition, keys, rows)) return {Applied::refused, *why};
        RollupDeltas deltas(rollups_);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (rows[i].message) deltas.add(*rows[i].message, -1);
            if (Why why = fold_key(partition, keys[i], rows[i])) return {Applied::refused, *why};
            if (rows[i].message) deltas.add(*rows[i].message, +1);
        }
        test_hooks::fault_point(FaultPoint::folded);
        write(transaction, partition, keys, rows);
        test_hooks::fault_point(FaultPoint::rows_written);
        deltas.write(transaction, partition);
        if (test_hooks::mutant(Mutant::apply_twice)) deltas.write(transaction, partition);
    }
    test_hooks::fault_point(FaultPoint::before_commit);
    transaction.commit();
    test_hooks::fault_point(FaultPoint::committed);
    return {};
}

BatchWriter::Why BatchWriter::load(postgres::Transaction& transaction, Partition partition,
                                   const std::vector<KeyEvents>& keys,
                                   std::vector<Row>& rows) const {
    const postgres::Result stored = transaction.exec(select_, {key_array(keys)});
    for (std::size_t i = 0; i < stored.rows(); ++i) {
        const auto key_column = static_cast<std::size_t>(&plan_.key() - plan_.columns().data());
        const auto found = find_key(keys, stored.get(i, key_column).value_or(""));
        if (found == keys.end()) return "the database answered with a row that was not asked for";
        Row& row = rows[static_cast<std::size_t>(found - keys.begin())];
        if (Why why = load_row(stored, i, partition, found->key, row)) return why;
    }
    return std::nullopt;
}

// A row that does not match its digest was changed behind our back: folding on would give wrong
// contents a right digest, and the evidence would be gone.
BatchWriter::Why BatchWriter::load_row(const postgres::Result& result, std::size_t at,
                                       Partition partition, const std::string& key,
                                       Row& row) const {
    const std::size_t own = plan_.columns().size();
    const auto refuse = [&](const std::string& why) {
        return plan_.table(generation_.number) + " row " + key + " " + why;
    };
    row.message.reset(projection().row_prototype->New());
    for (std::size_t column = 0; column < own; ++column) {
        if (!plan_.load(column, *row.message, result.get(at, column)))
            return refuse("has a value in " + plan_.columns()[column].name +
                          " that is none of its type");
    }
    if (result.integer(at, own + partition_column) != partition.value)
        return refuse("belongs to partition " + result.text(at, own + partition_column));
    row.stored = true;
    row.version = Version(static_cast<std::uint64_t>(result.integer(at, own + version_column)));
    row.sequence = Sequence(static_cast<std::uint64_t>(result.integer(at, own + sequence_column)));
    std::string digest = "\\x";
    append_hex(plan_.digest(*row.message, row.version, generation_.secret), digest);
    if (result.get(at, own + digest_column) != std::string_view(digest)) {
        return refuse(
            "does not match its digest: it was changed by somebody else than the projector. Put "
            "it back as it was, or rebuild the projection");
    }
    return std::nullopt;
}

BatchWriter::Why BatchWriter::fold_key(Partition partition, const KeyEvents& key, Row& row) const {
    fold::Meta meta;
    meta.aggregate_id = key.key;
    meta.partition = partition;
    meta.domain = projection().domain;
    for (const BatchEvent& event : key.events) {
        meta.time_ms = event.time_ms;
        meta.version = event.version;
        meta.sequence = event.sequence;
        meta.index = event.index;
        meta.principal = event.principal;
        const auto refuse = [&](const std::string& why) {
            return "event " + meta.event_id() + " of " + key.key + ": " + why;
        };
        if (row.message && event.version.value != row.version.value + 1) {
            return refuse("it is version " + std::to_string(event.version.value) +
                          " and the row is at version " + std::to_string(row.version.value));
        }
        row.version = event.version;
        row.sequence = event.sequence;
        if (event.type == skipped_) continue;
        try {
            row.message =
                projection().project(std::move(row.message), *event.type, *event.message, meta);
        } catch (const std::exception& failed) {
            return refuse(std::string("project failed: ") + failed.what());
        }
        // After each event, not at the end: what project sees must not depend on where a batch
        // was cut.
        if (row.message) plan_.canonicalise(*row.message);
    }
    if (row.message && key_of(*row.message, plan_.key()) != key.key)
        return "project made a row for " + key.key + " that has another key";
    return std::nullopt;
}

void BatchWriter::write(postgres::Transaction& transaction, Partition partition,
                        const std::vector<KeyEvents>& keys, const std::vector<Row>& rows) const {
    const std::size_t own = plan_.columns().size();
    std::vector<std::string> arrays(own + system_columns, "{");
    std::string gone = "{";
    bool any = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        if (!row.message) {
            if (!row.stored) continue;
            if (gone.size() > 1) gone.push_back(',');
            fold::append_array_text(keys[i].key, gone);
            continue;
        }
        if (any)
            for (std::string& array : arrays) array.push_back(',');
        any = true;
        for (std::size_t column = 0; column < own; ++column)
            plan_.append_array_element(column, *row.message, arrays[column]);
        arrays[own + partition_column] += std::to_string(partition.value);
        arrays[own + bucket_column] += std::to_string(fold::TablePlan::bucket_of(keys[i].key));
        arrays[own + version_column] += std::to_string(row.version.value);
        arrays[own + sequence_column] += std::to_string(row.sequence.value);
        arrays[own + digest_column] += "\"\\\\x";  // a backslash is escaped inside an array
        append_hex(plan_.digest(*row.message, row.version, generation_.secret),
                   arrays[own + digest_column]);
        arrays[own + digest_column].push_back('"');
    }
    if (any) {
        postgres::Params params;
        for (std::string& array : arrays) {
            array.push_back('}');
            params.emplace_back(std::move(array));
        }
        (void)transaction.exec(upsert_, params);
    }
    if (gone.size() > 1) {
        gone.push_back('}');
        (void)transaction.exec(erase_, {gone});
    }
}

}  // namespace foldstream::projector
