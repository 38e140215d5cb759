#include "projector/checkpoint.hpp"

#include <bit>
#include <utility>

namespace foldstream::projector {

namespace {

// int8 is signed, the log's numbers are not: the bits are kept.
std::string bits(std::uint64_t value) { return std::to_string(std::bit_cast<std::int64_t>(value)); }
std::uint64_t unsigned_at(const postgres::Result& result, std::size_t column) {
    return std::bit_cast<std::uint64_t>(result.integer(0, column));
}

std::string hex(const std::string& bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "\\x";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text.push_back(digits[byte >> 4U]);
        text.push_back(digits[byte & 15U]);
    }
    return text;
}

std::string from_hex(std::string_view text) {
    const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    for (std::size_t i = 2; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<char>(nibble(text[i]) * 16 + nibble(text[i + 1])));
    return bytes;
}

postgres::Param log_id_param(const std::string& log_id) {
    if (log_id.empty()) return std::nullopt;
    return hex(log_id);
}

std::optional<StoredDigests> digests_at(const postgres::Result& result, std::size_t column) {
    const auto bytes = result.get(0, column);
    if (!bytes) return std::nullopt;
    const auto vector = fold::DigestVector::from_bytes(from_hex(*bytes));
    if (!vector) return std::nullopt;  // the table lets no other length in
    return StoredDigests{*vector, result.integer(0, column + 1)};
}

// Reasons quote what stands in logs and rows; a text column takes neither U+0000 nor half a
// character.
std::string printable(std::string text) {
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e) c = '?';
    }
    return text;
}

}  // namespace

Result<Ownership, std::string> acquire(postgres::Connection& connection, const CheckpointKey& key,
                                       const std::string& owner, std::int32_t partition_count) {
    postgres::Transaction transaction(connection);
    // An epoch that a crash of the server forgets could be given twice.
    (void)transaction.exec("SET LOCAL synchronous_commit = on");
    const postgres::Result row = transaction.exec(
        "INSERT INTO foldstream.checkpoint AS c (projection, generation, partition, owner_epoch, "
        "owner, record_offset, epoch, sequence, link, seen_offset, next_offset, partition_count) "
        "VALUES ($1, $2, $3, 1, $4, -1, 0, 0, 0, 0, 0, $5) "
        "ON CONFLICT (projection, generation, partition) "
        "DO UPDATE SET owner_epoch = c.owner_epoch + 1, owner = excluded.owner "
        "RETURNING owner_epoch, record_offset, epoch, sequence, link, seen_offset, next_offset, "
        "log_id, partition_count, digests, digest_key",
        {key.projection, std::to_string(key.generation.value), std::to_string(key.partition.value),
         owner, std::to_string(partition_count)});
    if (row.integer(0, 8) != partition_count) {
        return Failure<std::string>{
            "the checkpoint was made for " + row.text(0, 8) + " partitions and the log has " +
            std::to_string(partition_count) +
            ": a log's partition count is fixed for ever. Give the topic back its count, or "
            "rebuild the projection on the new log"};
    }
    Ownership ownership;
    ownership.owner_epoch = row.integer(0, 0);
    ownership.reached.position = {Offset(row.integer(0, 1)), Epoch(unsigned_at(row, 2)),
                                  Sequence(unsigned_at(row, 3)), RecordId(unsigned_at(row, 4))};
    ownership.reached.seen = Offset(row.integer(0, 5));
    ownership.reached.next_offset = unsigned_at(row, 6);
    ownership.reached.log_id = from_hex(row.text(0, 7));
    ownership.digests = digests_at(row, 9);
    transaction.commit();
    return ownership;
}

std::optional<Locked> lock(postgres::Transaction& transaction, const CheckpointKey& key,
                           std::int64_t owner_epoch, Offset expected, bool read_digests) {
    const std::string what = read_digests ? "digests, digest_key" : "NULL";
    const postgres::Result row = transaction.exec(
        "SELECT " + what +
            " FROM foldstream.checkpoint WHERE projection = $1 AND generation = $2 AND partition = "
            "$3 AND owner_epoch = $4 AND record_offset = $5 FOR NO KEY UPDATE",
        {key.projection, std::to_string(key.generation.value), std::to_string(key.partition.value),
         std::to_string(owner_epoch), std::to_string(expected.value)});
    if (row.rows() == 0) return std::nullopt;
    return Locked{read_digests ? digests_at(row, 0) : std::nullopt};
}

bool advance(postgres::Transaction& transaction, const CheckpointKey& key, std::int64_t owner_epoch,
             Offset expected, const Reached& reached, const StoredDigests* digests) {
    const replay::Position& position = reached.position;
    postgres::Param vector;
    postgres::Param key_id;
    if (digests != nullptr) {
        vector = hex(digests->vector.bytes());
        key_id = std::to_string(digests->key_id);
    }
    return transaction
               .exec(
                   "UPDATE foldstream.checkpoint SET record_offset = $6, epoch = $7, sequence = "
                   "$8, link = $9, seen_offset = $10, next_offset = $11, "
                   "log_id = coalesce(log_id, $12), applied_at = now(), stopped = NULL, "
                   "digests = coalesce($13, digests), digest_key = coalesce($14, digest_key) "
                   "WHERE projection = $1 AND generation = $2 AND partition = $3 "
                   "AND owner_epoch = $4 AND record_offset = $5",
                   {key.projection, std::to_string(key.generation.value),
                    std::to_string(key.partition.value), std::to_string(owner_epoch),
                    std::to_string(expected.value), std::to_string(position.offset.value),
                    bits(position.epoch.value), bits(position.sequence.value),
                    bits(position.link.value), std::to_string(reached.seen.value),
                    bits(reached.next_offset), log_id_param(reached.log_id), std::move(vector),
                    std::move(key_id)})
               .affected() == 1;
}

bool note_stop(postgres::Connection& connection, const CheckpointKey& key, std::int64_t owner_epoch,
               const std::string& reason) {
    return connection
               .exec(
                   "UPDATE foldstream.checkpoint SET stopped = $5 WHERE projection = $1 AND "
                   "generation = $2 AND partition = $3 AND owner_epoch = $4",
                   {key.projection, std::to_string(key.generation.value),
                    std::to_string(key.partition.value), std::to_string(owner_epoch),
                    printable(reason)})
               .affected() == 1;
}

}  // namespace foldstream::projector
