#include "common/processing/record_builder.hpp"

#include <google/protobuf/io/coded_stream.h>

#include <array>
#include <memory>
#include <unordered_set>

namespace foldstream::processing {

namespace {

using google::protobuf::io::CodedOutputStream;

constexpr std::size_t most_prefix_bytes = 11;  // a tag of one byte and a length
// A tag of Protobuf: the field's number, and that a length and as many bytes follow.
constexpr std::uint32_t entries_tag = v1::Entries::kEntriesFieldNumber << 3U | 2U;

// One more element of v1::Entries.
void append_to(std::string& body, const v1::Entry& entry) {
    const std::size_t size = entry.ByteSizeLong();
    std::array<std::uint8_t, most_prefix_bytes> prefix{};
    std::uint8_t* end = CodedOutputStream::WriteVarint32ToArray(entries_tag, prefix.data());
    end = CodedOutputStream::WriteVarint64ToArray(size, end);
    body.append(prefix.begin(), prefix.begin() + (end - prefix.data()));
    const std::size_t before = body.size();
    body.resize(before + size);
    entry.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(body.data() + before));
}

// Reading back writes the last state of an aggregate only; of a large and busy one the others would
// fill the memory before the window is full.
void forget_all_but_the_last_states(std::vector<Change>& changes) {
    std::unordered_set<const CachedAggregate*> later;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
        if (!later.insert(change->of).second) change->state.reset();
    }
}

}  // namespace

void RecordBuilder::add(const v1::Entry& entry, Sequence sequence,
                        const fold::CommandType* command_type) {
    if (empty()) open_.first = sequence;
    const std::size_t before = body_.size();
    append_to(body_, entry);
    bytes_ += body_.size() - before;
    DecidedEntry& kept = open_.entries.emplace_back();
    kept.next_offset = entry.next_offset();
    kept.outcome = entry.outcome();
    if (entry.has_command()) kept.command = place_of(entry.command());
    if (command_type != nullptr) {
        kept.command_type = command_type->name;
    } else {
        kept.whole = std::make_unique<v1::Entry>(entry);
        kept.command_type = kept.whole->command_type();
    }
}

std::string RecordBuilder::cut(Epoch epoch, RecordId prev, DecidedRecord& decided) {
    const auto count = static_cast<std::uint32_t>(entries());
    std::string value = codec::entries_record(epoch, open_.first, prev, count, body_);
    open_.bytes = value.size();
    forget_all_but_the_last_states(open_.changes);
    decided = std::move(open_);
    clear();
    return value;
}

void RecordBuilder::clear() {
    open_ = {};
    body_.clear();
    bytes_ = 0;
}

}  // namespace foldstream::processing
