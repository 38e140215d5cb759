#include "common/replay/log_reader.hpp"

#include <limits>
#include <utility>

namespace foldstream::replay {

namespace {

// What a body given back may have grown to: an entry of each record may once have been a large one.
constexpr std::size_t most_reused = std::size_t{4} << 20U;

std::string sentence(Verdict verdict, Offset due, const LogRecord& record) {
    switch (verdict) {
        case Verdict::missing_offset:
            return "offset " + std::to_string(record.offset.value) + " came where " +
                   std::to_string(due.value) + " was due: records are missing from the log" +
                   std::string(put_back_the_log);
        case Verdict::unknown_version:
            return "a frame version that this binary does not know: update it";
        default:
            return "a kind of record that this binary does not know: update it";
    }
}

}  // namespace

LogReader::LogReader(const Position& position, std::uint64_t next_offset)
    : validity_(position),
      opened_(position),
      verified_(position.offset.value < 0),
      next_offset_(next_offset) {}

Offset LogReader::begin() const {
    return Offset(verified_ ? validity_.next().value : opened_.offset.value);
}

ReadResult LogReader::stop(Offset offset, std::string reason) {
    stop_ = Stop{offset, std::move(reason), false};
    return *stop_;
}

ReadResult LogReader::feed(const LogRecord& record) {
    if (stop_) return *stop_;
    if (!verified_) {
        const auto frame = codec::parse_frame(record.value);
        if (record.offset != opened_.offset || !frame || frame->id != opened_.link ||
            codec::identify(record.value) != opened_.link) {
            (void)stop(
                record.offset,
                "the record at offset " + std::to_string(opened_.offset.value) +
                    " is not the one that the stored position names: the log was recreated, cut "
                    "or restored");
            stop_->mismatch = true;
            return *stop_;
        }
        verified_ = true;
        return Ignored{Verdict::repeat};
    }
    const Sequence first(validity_.position().sequence.value + 1);
    const Validity before = validity_;
    const Verdict verdict = validity_.feed(record.offset, record.value);
    if (stops(verdict)) return stop(record.offset, sentence(verdict, validity_.next(), record));
    if (!counts(verdict)) return Ignored{verdict};
    ReadResult result =
        verdict == Verdict::claim ? read_claim(record) : read_entries(record, first);
    if (stop_) validity_ = before;  // a position never moves past what could not be read
    return result;
}

ReadResult LogReader::read_claim(const LogRecord& record) {
    ValidClaim valid;
    valid.epoch = validity_.position().epoch;
    const std::string_view body = codec::body_of(record.value);
    if (!valid.claim.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return stop(record.offset,
                    "a valid claim whose body does not decode" + std::string(put_back_the_log));
    }
    if (valid.epoch == Epoch(1)) log_id_ = valid.claim.nonce();
    if (valid.claim.has_adoption()) {
        const std::uint64_t adopted = valid.claim.adoption().next_offset();
        if (adopted > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            return stop(record.offset, "an adoption's next_offset " + std::to_string(adopted) +
                                           " is no offset" + std::string(put_back_the_log));
        }
        next_offset_ = adopted;
    }
    return valid;
}

ReadResult LogReader::read_entries(const LogRecord& record, Sequence first) {
    ValidEntries valid;
    valid.first = first;
    valid.body = std::move(spare_);
    const std::string_view body = codec::body_of(record.value);
    parsed_into_spare_ += body.size();
    if (!valid.body.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return stop(record.offset,
                    "valid entries whose body does not decode" + std::string(put_back_the_log));
    }
    const auto count = validity_.position().sequence.value - first.value + 1;
    if (static_cast<std::uint64_t>(valid.body.entries_size()) != count) {
        return stop(record.offset,
                    "a valid record with another number of entries than its frame says" +
                        std::string(put_back_the_log));
    }
    std::uint64_t next = next_offset_;
    for (const v1::Entry& entry : valid.body.entries()) {
        if (entry.next_offset() < next) {
            return stop(record.offset, "next_offset goes back from " + std::to_string(next) +
                                           " to " + std::to_string(entry.next_offset()) +
                                           std::string(put_back_the_log));
        }
        next = entry.next_offset();
    }
    if (next > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return stop(record.offset, "next_offset " + std::to_string(next) + " is no offset" +
                                       std::string(put_back_the_log));
    }
    next_offset_ = next;
    return valid;
}

void LogReader::reuse(ValidEntries entries) {
    spare_ = parsed_into_spare_ > most_reused ? v1::Entries() : std::move(entries.body);
    if (parsed_into_spare_ > most_reused) parsed_into_spare_ = 0;
}

Verdict LogReader::feed_own(const LogRecord& record, std::uint64_t next_offset) {
    const Verdict verdict = validity_.feed(record.offset, record.value);
    if (verdict == Verdict::entries) next_offset_ = next_offset;
    if (stops(verdict)) (void)stop(record.offset, sentence(verdict, validity_.next(), record));
    return verdict;
}

}  // namespace foldstream::replay
