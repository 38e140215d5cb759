#include "projector/batch_writer.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <span>
#include <utility>

#include "common/core/test_hooks.hpp"

namespace foldstream::projector {

using test_hooks::FaultPoint;
using test_hooks::Mutant;

namespace {

// Small enough that Postgres soon has something to do, and large enough that a statement costs
// nothing beside its rows.
constexpr std::size_t most_rows_a_piece = 200;
// Of a piece, those rows that one of its statements is for: fewer wait for those of the next piece.
constexpr std::size_t least_rows_a_statement = 100;

// Behind the row's own columns, in SystemColumns' order.
enum SystemColumn : std::size_t {
    partition_column,
    bucket_column,
    version_column,
    sequence_column,
    digest_column,
    system_columns
};

// A row says its partition as an int2.
constexpr std::int32_t most_partitions = std::numeric_limits<std::int16_t>::max();

const std::vector<fold::PostgresType> keys_only{fold::PostgresType::text};
constexpr std::string_view unique_violation = "23505";

// An aggregate whose first event is here has no row yet, so none is asked for. Where there is one
// nevertheless, its key is refused when the row is inserted.
bool is_new(const KeyEvents& key) { return key.events.front().version == Version(1); }

void append_hex(std::span<const std::uint8_t> bytes, std::string& out) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
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

struct BatchWriter::Changes {
    explicit Changes(const BatchWriter& writer)
        : rollups(writer.rollups_), search(writer.search_) {}

    const std::vector<KeyEvents>* keys = nullptr;  // the batch's, in order
    std::vector<Row> rows;                         // one a key
    RollupDeltas rollups;
    SearchChanges search;
    fold::DigestVector digests;
    bool digests_differ = false;  // from what is stored
    std::size_t loaded = 0;
};

struct BatchWriter::Writing {
    explicit Writing(const std::vector<fold::PostgresType>& types) : made(types), changed(types) {}

    BinaryParams made;
    BinaryParams changed;
    BinaryParams gone{keys_only};
};

BatchWriter::BatchWriter(const fold::Projection& projection, ServedGeneration generation,
                         const fold::EventType* skipped)
    : plan_(projection),
      generation_(std::move(generation)),
      key_id_(fold::digest_key_id(generation_.secret)),
      skipped_(skipped),
      rollups_(plan_, projection, generation_.number),
      search_(plan_, generation_.number),
      select_(plan_.select_by_keys(generation_.number)),
      sum_digests_(plan_.sum_digests(generation_.number)),
      element_types_(plan_.element_types()),
      insert_(plan_.insert(generation_.number)),
      upsert_(plan_.upsert(generation_.number)),
      erase_(plan_.erase(generation_.number)) {}

CheckpointKey BatchWriter::checkpoint(Partition partition) const {
    return {projection().name, generation_.number, partition};
}

Result<Ownership, std::string> BatchWriter::take(postgres::Connection& connection,
                                                 Partition partition, const std::string& owner,
                                                 std::int32_t partition_count,
                                                 Holding& holding) const {
    if (partition_count > most_partitions) {
        return Failure<std::string>{"the topics have " + std::to_string(partition_count) +
                                    " partitions, and rows can name " +
                                    std::to_string(most_partitions) + " at most"};
    }
    auto taken = acquire(connection, checkpoint(partition), owner, partition_count);
    if (!taken) return taken;
    if (Why why = other_key(taken->digests)) return Failure<std::string>{std::move(*why)};
    std::optional<fold::DigestVector> digests;
    if (taken->digests) digests = taken->digests->vector;
    holding.taken(taken->owner_epoch, taken->reached.position.offset, digests);
    return taken;
}

ApplyResult BatchWriter::apply(postgres::Connection& connection, const Place& place, Batch& batch,
                               Holding& holding) const {
    try {
        return apply_once(connection, place, batch, holding);
    } catch (const postgres::Error& error) {
        if (error.sqlstate() != unique_violation || connection.broken()) throw;
        BinaryParams made(keys_only);
        for (const KeyEvents& key : batch.sorted()) {
            if (is_new(key)) fold::append_bytes_element(key.key, made.next(0));
        }
        if (made.empty()) throw;
        Why why = row_before_its_first_event(
            connection.exec(select_, std::move(made).params(), postgres::Format::binary));
        if (!why) throw;
        return {Applied::refused, std::move(*why), 0};
    }
}

// Folding from nothing over a row that is there would hide that somebody else wrote it, or that
// the checkpoint went back without the rows; and what it added to rollups would stay in them.
BatchWriter::Why BatchWriter::row_before_its_first_event(const postgres::Result& found) const {
    if (found.rows() == 0) return std::nullopt;
    const auto key_column = static_cast<std::size_t>(&plan_.key() - plan_.columns().data());
    return plan_.table(generation_.number) + " row " + found.text(0, key_column) +
           " is there before its first event. If somebody else than the projector wrote it, delete "
           "it; if the checkpoint was put back without the rows, rebuild the projection";
}

// No statement of theirs would meet a row that is there.
BatchWriter::Why BatchWriter::row_of_a_key_without_one(postgres::Transaction& transaction,
                                                       const std::vector<KeyEvents>& keys,
                                                       const std::vector<Row>& rows) const {
    BinaryParams none(keys_only);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!rows[i].message && !rows[i].stored && is_new(keys[i])) {
            fold::append_bytes_element(keys[i].key, none.next(0));
        }
    }
    if (none.empty()) return std::nullopt;
    return row_before_its_first_event(
        transaction.exec(select_, std::move(none).params(), postgres::Format::binary));
}

ApplyResult BatchWriter::apply_once(postgres::Connection& connection, const Place& place,
                                    Batch& batch, Holding& holding) const {
    const CheckpointKey key = checkpoint(place.partition);
    const Reached& reached = batch.reached();
    Place at = place;
    if (!holding.stands_at(at.owner_epoch, at.expected)) holding.drop();
    if (test_hooks::mutant(Mutant::checkpoint_outside_transaction)) {
        postgres::Transaction alone(connection);
        if (!advance(alone, key, at.owner_epoch, at.expected, reached, nullptr))
            return {Applied::fenced, "", 0};
        alone.commit();
        at.expected = reached.position.offset;
    }
    postgres::Transaction transaction(connection);
    test_hooks::fault_point(FaultPoint::begun);
    Changes changes(*this);
    if (batch.events() > 0) {
        if (auto stop = change_rows(transaction, at, batch, holding, changes)) return *stop;
    }
    const StoredDigests digests{changes.digests, key_id_};
    if (!advance(transaction, key, at.owner_epoch, at.expected, reached,
                 changes.digests_differ ? &digests : nullptr))
        return {Applied::fenced, "", 0};
    test_hooks::fault_point(FaultPoint::before_commit);
    transaction.commit();
    test_hooks::fault_point(FaultPoint::committed);
    holding.moved(at.owner_epoch, reached.position.offset,
                  changes.keys != nullptr ? std::optional(changes.digests) : holding.digests());
    for (std::size_t i = 0; i < changes.rows.size(); ++i) {
        Row& row = changes.rows[i];
        if (!row.message) continue;
        holding.put((*changes.keys)[i].key,
                    {std::move(row.message), row.version, row.sequence, row.digest});
    }
    return {Applied::done, "", changes.loaded};
}

// Everything of a batch with events but the checkpoint's move. An answer only when it must go no
// further.
std::optional<ApplyResult> BatchWriter::change_rows(postgres::Transaction& transaction,
                                                    const Place& place, Batch& batch,
                                                    Holding& holding, Changes& changes) const {
    const std::optional<fold::DigestVector> held = holding.digests();
    const auto locked =
        lock(transaction, checkpoint(place.partition), place.owner_epoch, place.expected, !held);
    if (!locked) return ApplyResult{Applied::fenced, "", 0};
    test_hooks::fault_point(FaultPoint::checkpoint_locked);
    const auto refuse = [](Why why) { return ApplyResult{Applied::refused, std::move(*why), 0}; };
    if (Why why = other_key(locked->digests)) return refuse(std::move(why));
    const fold::DigestVector before =
        held ? *held : digests_of(transaction, place, locked->digests);
    changes.digests = before;
    const std::vector<KeyEvents>& keys = batch.sorted();
    changes.keys = &keys;
    if (Why why = load(transaction, place.partition, keys, holding, changes))
        return refuse(std::move(why));
    if (Why why = fold_and_write(transaction, place.partition, keys, changes))
        return refuse(std::move(why));
    if (Why why = row_of_a_key_without_one(transaction, keys, changes.rows))
        return refuse(std::move(why));
    changes.digests_differ = changes.digests != before || (!held && !locked->digests);
    std::move(changes.search).write(transaction);
    test_hooks::fault_point(FaultPoint::rows_written);
    changes.rollups.write(transaction, place.partition);
    if (test_hooks::mutant(Mutant::apply_twice))
        changes.rollups.write(transaction, place.partition);
    return std::nullopt;
}

// Where they have not been stored yet, the rows are added up once.
fold::DigestVector BatchWriter::digests_of(postgres::Transaction& transaction, const Place& place,
                                           const std::optional<StoredDigests>& stored) const {
    if (stored) return stored->vector;
    fold::DigestVector digests;
    if (place.expected < Offset(0)) return digests;  // nothing has been applied
    const postgres::Result sums =
        transaction.exec(sum_digests_, {std::to_string(place.partition.value)});
    for (std::size_t i = 0; i < sums.rows(); ++i) {
        fold::DigestVector::Bucket bucket;
        bucket.count = static_cast<std::uint64_t>(sums.integer(i, 1));
        for (std::size_t piece = 0; piece < 4; ++piece) {
            bucket.sum =
                (bucket.sum << 32U) + static_cast<unsigned __int128>(sums.integer(i, 2 + piece));
        }
        digests.set(static_cast<std::int16_t>(sums.integer(i, 0)), bucket);
    }
    return digests;
}

BatchWriter::Why BatchWriter::other_key(const std::optional<StoredDigests>& stored) const {
    if (!stored || stored->key_id == key_id_) return std::nullopt;
    return "the digests of its rows are keyed by another secret than the generation's: one of the "
           "two was replaced. Put it back, or rebuild the projection";
}

BatchWriter::Why BatchWriter::load(postgres::Transaction& transaction, Partition partition,
                                   const std::vector<KeyEvents>& keys, Holding& holding,
                                   Changes& changes) const {
    std::vector<Row>& rows = changes.rows;
    rows.resize(keys.size());
    BinaryParams missing(keys_only);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (auto held = holding.take(keys[i].key)) {
            rows[i].message = std::move(held->message);
            rows[i].version = held->version;
            rows[i].sequence = held->sequence;
            rows[i].digest = held->digest;
            rows[i].stored = true;
        } else if (!is_new(keys[i])) {
            fold::append_bytes_element(keys[i].key, missing.next(0));
        }
    }
    if (missing.empty()) return std::nullopt;
    const postgres::Result stored =
        transaction.exec(select_, std::move(missing).params(), postgres::Format::binary);
    const auto key_column = static_cast<std::size_t>(&plan_.key() - plan_.columns().data());
    for (std::size_t i = 0; i < stored.rows(); ++i) {
        const auto found = find_key(keys, stored.get(i, key_column).value_or(""));
        if (found == keys.end()) return "the database answered with a row that was not asked for";
        Row& row = rows[static_cast<std::size_t>(found - keys.begin())];
        if (Why why = load_row(stored, i, partition, found->key, row)) return why;
        ++changes.loaded;
    }
    return std::nullopt;
}

// Piece by piece, in key order: Postgres writes one while the next one is folded.
BatchWriter::Why BatchWriter::fold_and_write(postgres::Transaction& transaction,
                                             Partition partition,
                                             const std::vector<KeyEvents>& keys,
                                             Changes& changes) const {
    Writing writing(element_types_);
    const std::size_t pieces = (keys.size() + most_rows_a_piece - 1) / most_rows_a_piece;
    for (std::size_t i = 0; i < pieces; ++i) {
        const Piece piece{keys.size() * i / pieces, keys.size() * (i + 1) / pieces};
        if (Why why = fold_rows(partition, keys, piece, changes)) return why;
        if (i + 1 == pieces) test_hooks::fault_point(FaultPoint::folded);
        write(transaction, partition, keys, changes.rows, piece, writing);
    }
    return std::nullopt;
}

// The digests follow from what the rows carry: what was retracted is never read.
BatchWriter::Why BatchWriter::fold_rows(Partition partition, const std::vector<KeyEvents>& keys,
                                        const Piece& piece, Changes& changes) const {
    for (std::size_t i = piece.from; i < piece.to; ++i) {
        Row& row = changes.rows[i];
        const std::string& key = keys[i].key;
        const std::int16_t bucket = fold::TablePlan::bucket_of(key);
        if (row.message) {
            changes.rollups.add(*row.message, -1);
            if (!test_hooks::mutant(Mutant::digests_without_retract))
                changes.digests.retract(bucket, row.digest);
            row.searched = search_.text(*row.message);
        }
        if (Why why = fold_key(partition, keys[i], row)) return why;
        if (row.message) {
            changes.rollups.add(*row.message, +1);
            row.digest = plan_.digest(*row.message, row.version, generation_.secret);
            changes.digests.add(bucket, row.digest);
            changes.search.changed(key, row.searched, *row.message);
        } else if (row.stored) {
            changes.search.gone(key);
        }
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
    row.digest = plan_.digest(*row.message, row.version, generation_.secret);
    std::string digest = "\\x";
    append_hex(row.digest, digest);
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

// In statements of some hundred rows; what is left when the batch ends goes whatever its number.
void BatchWriter::write(postgres::Transaction& transaction, Partition partition,
                        const std::vector<KeyEvents>& keys, const std::vector<Row>& rows,
                        const Piece& piece, Writing& writing) const {
    for (std::size_t i = piece.from; i < piece.to; ++i) {
        const Row& row = rows[i];
        if (row.message) {
            const bool made = !row.stored && is_new(keys[i]);
            write_row(made ? writing.made : writing.changed, partition, keys[i].key, row);
        } else if (row.stored) {
            fold::append_bytes_element(keys[i].key, writing.gone.next(0));
        }
    }
    const std::size_t least = piece.to == keys.size() ? 1 : least_rows_a_statement;
    const auto post = [&](const std::string& statement, BinaryParams& params,
                          const std::vector<fold::PostgresType>& types) {
        if (params.rows() < least) return;
        transaction.post(statement, std::exchange(params, BinaryParams(types)).params(),
                         postgres::Format::binary);
    };
    post(insert_, writing.made, element_types_);
    post(upsert_, writing.changed, element_types_);
    post(erase_, writing.gone, keys_only);
}

void BatchWriter::write_row(BinaryParams& params, Partition partition, const std::string& key,
                            const Row& row) const {
    const std::size_t own = plan_.columns().size();
    for (std::size_t column = 0; column < own; ++column)
        plan_.append_binary_element(column, *row.message, params.next(column));
    const auto put = [&](SystemColumn column, auto number) {
        fold::append_number_element(number, params.next(own + column));
    };
    put(partition_column, static_cast<std::int16_t>(partition.value));
    put(bucket_column, fold::TablePlan::bucket_of(key));
    put(version_column, row.version.value);
    put(sequence_column, row.sequence.value);
    fold::append_bytes_element(
        {reinterpret_cast<const char*>(row.digest.data()), row.digest.size()},
        params.next(own + digest_column));
}

}  // namespace foldstream::projector
