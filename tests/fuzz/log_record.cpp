// Records of a log, well made and not: frames, validity, bodies, and the fold of what counts.
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/codec/check.hpp"
#include "common/codec/protobuf_log.hpp"
#include "common/processing/partition_state.hpp"
#include "common/processing/snapshot_record.hpp"
#include "common/replay/log_reader.hpp"
#include "domains/registry.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/orders.hpp"

namespace foldstream::fuzz {
namespace {

using codec::Frame;
using replay::LogReader;
using replay::LogRecord;
using replay::Position;
using replay::ReadResult;
using replay::ValidClaim;
using replay::ValidEntries;

constexpr std::size_t most_records = 64;

// A record as somebody could write it who knows the format: the id is right, the rest is the
// input's.
std::string with_its_id(std::string_view bytes) {
    std::string value(bytes);
    if (value.size() < codec::frame_size) return value;
    const std::uint64_t id = codec::identify(value).value;
    for (std::size_t i = 0; i < 8; ++i) value[32 + i] = static_cast<char>(id >> (8 * i) & 0xffU);
    return value;
}

std::string next_record(Input& input, const Position& at) {
    const std::uint8_t kind = input.byte();
    const std::uint8_t count = input.byte();
    const std::string_view bytes = input.part();
    const Sequence next(at.sequence.value + 1);
    switch (kind % 5) {
        case 0:
            return std::string(bytes);
        case 1:
            return with_its_id(bytes);
        case 2:
            return codec::claim_record(Epoch(at.epoch.value + 1), bytes);
        case 3:
            return codec::entries_record(at.epoch, next, at.link, count, bytes);
        default: {
            v1::Entries body;
            const bool parses = body.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
            const auto size = static_cast<std::uint32_t>(parses ? body.entries_size() : count);
            return codec::entries_record(at.epoch, next, at.link, size, bytes);
        }
    }
}

void expect_frame(std::string_view value) {
    const std::optional<Frame> frame = codec::parse_frame(value);
    expect(frame.has_value() == (value.size() >= codec::frame_size && value.starts_with("FS")),
           "what is long enough and has the magic has a frame");
    if (!frame || frame->version != codec::frame_version || frame->kind != 2) return;
    std::string again = codec::entries_record(frame->epoch, frame->sequence, frame->prev,
                                              frame->count, codec::body_of(value));
    expect(codec::parse_frame(again)->id == codec::identify(value),
           "a record written again has the id that identify gives");
    if (frame->id == codec::identify(value)) {
        expect(again == value, "a frame decoded and encoded is the same bytes");
    }
}

// The bodies of what counts survive being written and read again.
void expect_bodies(const ReadResult& result, const LogReader& before, const Position& at) {
    if (const auto* claim = std::get_if<ValidClaim>(&result)) {
        LogReader reader = before;
        const std::string again =
            codec::claim_record(claim->epoch, claim->claim.SerializeAsString());
        const ReadResult read = reader.feed({at.offset, 0, again});
        const auto* same = std::get_if<ValidClaim>(&read);
        expect(
            same != nullptr && same->claim.SerializeAsString() == claim->claim.SerializeAsString(),
            "a claim decoded and encoded is the same claim");
        return;
    }
    const auto* entries = std::get_if<ValidEntries>(&result);
    if (entries == nullptr) return;
    const int count = entries->body.entries_size();
    expect(count >= 1 && count <= 256, "a valid record has 1 to 256 entries");
    const Position& from = before.position();
    expect(entries->first.value == from.sequence.value + 1, "sequences are dense");
    const std::string again =
        codec::entries_record(from.epoch, entries->first, from.link,
                              static_cast<std::uint32_t>(count), entries->body.SerializeAsString());
    LogReader reader = before;
    const ReadResult read = reader.feed({at.offset, 0, again});
    const auto* same = std::get_if<ValidEntries>(&read);
    expect(same != nullptr && same->body.SerializeAsString() == entries->body.SerializeAsString(),
           "entries decoded and encoded are the same entries");
    expect(reader.next_offset() >= before.next_offset(), "next_offset never goes back");
}

// What the reader promises of each answer; false when it has stopped.
bool expect_answer(const ReadResult& result, const LogReader& before, LogReader& reader,
                   const LogRecord& record) {
    const bool counts =
        std::holds_alternative<ValidClaim>(result) || std::holds_alternative<ValidEntries>(result);
    if (const auto* stop = std::get_if<replay::Stop>(&result)) {
        expect(!stop->reason.empty(), "a stop has a reason");
        expect(reader.position() == before.position(), "a stop leaves the position");
        const ReadResult again = reader.feed(record);
        expect(std::get<replay::Stop>(again).reason == stop->reason, "a stop is for ever");
        return false;
    }
    expect(reader.seen_offset().value == record.offset.value + 1, "what was read is behind");
    if (!counts) {
        expect(reader.position() == before.position(), "what is ignored moves nothing");
        return true;
    }
    expect(reader.position().offset == record.offset, "the position is the last valid record");
    // Whoever opens this position goes on as this reader does.
    LogReader opened(reader.position(), reader.next_offset());
    expect(opened.begin() == record.offset, "a position is opened at its record");
    const ReadResult verified = opened.feed(record);
    expect(std::holds_alternative<replay::Ignored>(verified), "the record of a position fits it");
    expect(opened.position() == reader.position(), "a position that was opened is the same");
    reader = opened;
    return true;
}

// The owner's fold: whatever stands in a valid record, there is a state or a reason.
class Fold {
public:
    Fold() : state_(orders(), Partition(0), store_->open("orders", Partition(0), 1)) {}

    // False: somebody has to look.
    bool entries(const ValidEntries& valid, const Position& at) {
        std::vector<processing::Change> changes;
        Sequence sequence = valid.first;
        bool folded = true;
        for (const v1::Entry& entry : valid.body.entries()) {
            processing::note_entry(entry, sequence, at.offset, 1, position_);
            // No owner writes another id: keys of the store rely on it.
            folded = !processing::touches_aggregate(entry) || codec::is_id(entry.aggregate_id());
            if (!folded) break;
            folded = state_.fold(entry, sequence, changes).reason.empty();
            if (!folded) break;
            position_.position = at;
            position_.position.sequence = sequence;
            ++sequence.value;
        }
        std::vector<std::string> touched;
        for (const processing::Change& change : changes) touched.push_back(change.of->id);
        state_.settle(std::move(changes), position_);
        state_.write_back();
        expect(state_.position() == position_, "a stored position is the one that was stored");
        for (const std::string& id : touched) expect_stored(id);
        return folded;
    }

private:
    void expect_stored(const std::string& id) {
        const processing::Aggregate cached = state_.cached(id).aggregate;
        const processing::Aggregate loaded =
            processing::load_aggregate(state_.store(), orders(), id);
        expect(loaded.version == cached.version && loaded.sequence == cached.sequence &&
                   loaded.broken == cached.broken && loaded.slots.size() == cached.slots.size(),
               "an aggregate loaded is the one that was folded", id);
        const auto snapshot = processing::read_snapshot(state_.store(), id, 1, {});
        expect(snapshot.has_value(), "what was stored can be written into a snapshot");
        v1::Snapshot read;
        expect(read.ParseFromString(snapshot->SerializeAsString()),
               "a snapshot that was written can be read");
    }

    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    processing::PartitionState state_;
    store::StoredPosition position_;
};

}  // namespace
}  // namespace foldstream::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldstream;
    using namespace foldstream::fuzz;
    Input input(data, size);
    LogReader reader;
    std::optional<Fold> fold(std::in_place);
    for (std::size_t n = 0; n < most_records && !input.empty(); ++n) {
        const std::string value = next_record(input, reader.position());
        expect_frame(value);
        const LogReader before = reader;
        const LogRecord record{reader.seen_offset(), 1, value};
        const ReadResult result = reader.feed(record);
        const bool goes_on = expect_answer(result, before, reader, record);
        expect_bodies(result, before, reader.position());
        if (!goes_on) return 0;
        const auto* valid = std::get_if<ValidEntries>(&result);
        if (valid != nullptr && fold && !fold->entries(*valid, reader.position())) fold.reset();
    }
    return 0;
}
