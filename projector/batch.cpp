#include "projector/batch.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::projector {

namespace {

std::string event_id(const fold::DomainModule& domain, Partition partition, Sequence sequence,
                     std::uint32_t index) {
    fold::Meta meta;
    meta.domain = domain.name;
    meta.partition = partition;
    meta.sequence = sequence;
    meta.index = index;
    return meta.event_id();
}

}  // namespace

std::optional<std::string> Batch::add(const fold::DomainModule& domain, Partition partition,
                                      const replay::ValidEntries& entries) {
    std::vector<Decoded> decoded;
    Sequence sequence = entries.first;
    for (const v1::Entry& entry : entries.body.entries()) {
        if (auto why = decode(domain, partition, entry, sequence, decoded)) return why;
        ++sequence.value;
    }
    for (Decoded& one : decoded) keep(std::move(one));
    return std::nullopt;
}

// An upcaster will stand here: an older event type is decoded and turned into the newer one before
// anything else sees it.
std::optional<std::string> Batch::decode(const fold::DomainModule& domain, Partition partition,
                                         const v1::Entry& entry, Sequence sequence,
                                         std::vector<Decoded>& into) {
    std::uint32_t index = 0;
    for (const v1::Event& event : entry.events()) {
        const auto refuse = [&](const std::string& why) {
            return "event " + event_id(domain, partition, sequence, index) + ": " + why;
        };
        const fold::EventType* type = domain.find_event(event.type());
        if (type == nullptr) {
            return refuse("this binary does not know the type " + event.type() +
                          ": leave the partition to a newer one");
        }
        if (entry.aggregate_id().empty()) return refuse("its entry names no aggregate");
        fold::Message* message = type->prototype->New(arena_.get());
        if (!message->ParseFromString(event.payload()))
            return refuse("its payload is no " + event.type());
        into.push_back({entry.aggregate_id(),
                        {type, message, entry.time_ms(), Version(event.version()), sequence, index,
                         entry.principal()},
                        event.payload().size()});
        ++index;
    }
    return std::nullopt;
}

void Batch::keep(Decoded decoded) {
    // Most events are of a key that is there already: no text is made to look for it.
    auto at = by_key_.find(decoded.key);
    if (at == by_key_.end()) {
        at = by_key_.emplace(decoded.key, keys_.size()).first;
        keys_.push_back({at->first, {}});
    }
    keys_[at->second].events.push_back(std::move(decoded.event));
    ++events_;
    bytes_ += decoded.bytes;
}

void Batch::reach(const Reached& reached, std::int64_t append_time_ms) {
    reached_ = reached;
    if (oldest_ms_ == 0) oldest_ms_ = append_time_ms;
}

std::vector<KeyEvents>& Batch::sorted() {
    by_key_.clear();
    std::sort(keys_.begin(), keys_.end(),
              [](const KeyEvents& a, const KeyEvents& b) { return a.key < b.key; });
    return keys_;
}

}  // namespace foldstream::projector
