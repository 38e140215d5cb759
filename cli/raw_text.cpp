#include "cli/raw_text.hpp"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "common/codec/frame.hpp"
#include "common/codec/json_object.hpp"
#include "common/core/time_text.hpp"
#include "common/core/uuid.hpp"

namespace foldstream::cli {

namespace {

using replay::Verdict;
using Members = std::vector<std::pair<std::string, std::string>>;  // name, value as text

std::string hex(std::uint64_t value) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out(16, '0');
    for (std::size_t i = 0; i < 16; ++i) out[15 - i] = digits[(value >> (4 * i)) & 15U];
    return out;
}

std::string kind_of(const codec::Frame& frame) {
    if (frame.kind == static_cast<std::uint8_t>(codec::FrameKind::claim)) return "claim";
    if (frame.kind == static_cast<std::uint8_t>(codec::FrameKind::entries)) return "entries";
    return std::to_string(frame.kind);
}

std::string nonce_of(const std::string& raw) {
    Uuid::Bytes bytes{};
    if (raw.size() != bytes.size()) return hex(0);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(raw[i]);
    return Uuid(bytes).text();
}

std::string verdict_of(const replay::ReadResult& result) {
    if (const auto* ignored = std::get_if<replay::Ignored>(&result)) {
        return "ignored:" + std::string(replay::name(ignored->verdict));
    }
    if (std::holds_alternative<replay::Stop>(result)) return "stop";
    return "valid";
}

std::string why(const replay::ReadResult& result) {
    if (const auto* ignored = std::get_if<replay::Ignored>(&result)) {
        return std::string(reason_of(ignored->verdict));
    }
    if (const auto* stop = std::get_if<replay::Stop>(&result)) return stop->reason;
    return {};
}

std::string outcome_of(v1::Outcome outcome) {
    const auto* value = v1::Outcome_descriptor()->FindValueByNumber(outcome);
    return value != nullptr ? codec::enum_text(*value) : std::to_string(outcome);
}

std::string input_of(const v1::Entry& entry) {
    switch (entry.input_case()) {
        case v1::Entry::kCommand:
            return "command@" + std::to_string(entry.command().offset());
        case v1::Entry::kTimer:
            return "timer:" + entry.timer().id();
        case v1::Entry::kWaiting:
            return "waiting:" + std::to_string(entry.waiting().sequence());
        case v1::Entry::kMarker:
            return "marker";
        case v1::Entry::kAttempt:
            return "attempt@" + std::to_string(entry.attempt().offset());
        case v1::Entry::kTick:
            return "tick";
        default:
            return "none";
    }
}

Members members_of(const RawRecord& record, const replay::ReadResult& result) {
    Members members{{"partition", std::to_string(record.partition.value)},
                    {"offset", std::to_string(record.offset.value)},
                    {"time", rfc3339(record.append_time_ms)},
                    {"bytes", std::to_string(record.value.size())}};
    if (const auto frame = codec::parse_frame(record.value)) {
        members.emplace_back("frame_version", std::to_string(frame->version));
        members.emplace_back("kind", kind_of(*frame));
        members.emplace_back("epoch", std::to_string(frame->epoch.value));
        members.emplace_back("sequence", std::to_string(frame->sequence.value));
        members.emplace_back("count", std::to_string(frame->count));
        members.emplace_back("prev", hex(frame->prev.value));
        members.emplace_back("id", hex(frame->id.value));
    }
    members.emplace_back("verdict", verdict_of(result));
    if (const auto* claim = std::get_if<replay::ValidClaim>(&result)) {
        members.emplace_back("owner", claim->claim.owner());
        members.emplace_back("nonce", nonce_of(claim->claim.nonce()));
    }
    return members;
}

Members members_of(const v1::Entry& entry, Sequence sequence) {
    Members members{{"sequence", std::to_string(sequence.value)},
                    {"input", input_of(entry)},
                    {"next_offset", std::to_string(entry.next_offset())},
                    {"outcome", outcome_of(entry.outcome())}};
    if (!entry.code().empty()) members.emplace_back("code", entry.code());
    if (entry.first() != 0) members.emplace_back("first", std::to_string(entry.first()));
    if (!entry.command_type().empty()) members.emplace_back("type", entry.command_type());
    if (!entry.command_id().empty()) members.emplace_back("command", entry.command_id());
    if (!entry.aggregate_id().empty()) members.emplace_back("aggregate", entry.aggregate_id());
    members.emplace_back("version", std::to_string(entry.version()));
    return members;
}

// Ids and owners are chosen by others: blanks and control characters would break the line.
std::string shown(const std::string& value) {
    std::string quoted;
    codec::append_json_string(value, quoted);
    const bool plain =
        quoted.size() == value.size() + 2 && !value.empty() && value.find(' ') == std::string::npos;
    return plain ? value : quoted;
}

std::string line(const Members& members) {
    std::string out;
    for (const auto& [name, value] : members) {
        if (!out.empty()) out += ' ';
        out += name + "=" + shown(value);
    }
    return out;
}

bool numeric(std::string_view name) {
    static constexpr std::array<std::string_view, 10> names{
        "partition", "offset",   "bytes", "frame_version", "version",
        "epoch",     "sequence", "count", "next_offset",   "first"};
    for (const std::string_view one : names) {
        if (one == name) return true;
    }
    return false;
}

// "next_offset" -> "nextOffset"
std::string json_name(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool up = name[i] == '_' && i + 1 < name.size();
        out += up ? static_cast<char>(name[++i] - 'a' + 'A') : name[i];
    }
    return out;
}

codec::JsonObject object(const Members& members) {
    codec::JsonObject made;
    for (const auto& [name, value] : members) {
        const std::string key = json_name(name);
        if (numeric(name)) {
            made.raw(key, value);
        } else {
            made.text(key, value);
        }
    }
    return made;
}

std::string event_item(const v1::Event& event) {
    codec::JsonObject made;
    made.text("type", event.type())
        .number("version", event.version())
        .number("bytes", event.payload().size());
    return made.done();
}

}  // namespace

std::string_view reason_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::foreign:
            return "too short for a frame, or another magic";
        case Verdict::stale:
            return "of an epoch that is over";
        case Verdict::repeat:
            return "its sequence has been read already";
        case Verdict::hole:
            return "its sequence is too far ahead";
        case Verdict::fork:
            return "its predecessor is another record";
        case Verdict::bad_count:
            return "not 1 to 256 entries";
        case Verdict::damaged:
            return "its id does not match its bytes";
        case Verdict::impossible:
            return "an epoch from the future";
        default:
            return "";
    }
}

std::string raw_text(const RawRecord& record, const replay::ReadResult& result) {
    std::string out = line(members_of(record, result));
    if (const std::string reason = why(result); !reason.empty()) out += " (" + reason + ")";
    out += '\n';
    if (const auto* entries = std::get_if<replay::ValidEntries>(&result)) {
        Sequence sequence = entries->first;
        for (const v1::Entry& entry : entries->body.entries()) {
            out += "  " + line(members_of(entry, sequence));
            for (const v1::Event& event : entry.events()) {
                out += " event=" + shown(event.type()) + "/" + std::to_string(event.version());
            }
            out += '\n';
            ++sequence.value;
        }
    }
    return out;
}

std::string raw_json(const RawRecord& record, const replay::ReadResult& result) {
    codec::JsonObject made = object(members_of(record, result));
    if (const std::string reason = why(result); !reason.empty()) made.text("reason", reason);
    if (const auto* entries = std::get_if<replay::ValidEntries>(&result)) {
        std::vector<std::string> items;
        Sequence sequence = entries->first;
        for (const v1::Entry& entry : entries->body.entries()) {
            codec::JsonObject item = object(members_of(entry, sequence));
            std::vector<std::string> events;
            for (const v1::Event& event : entry.events()) events.push_back(event_item(event));
            items.push_back(item.raw("events", codec::json_array(events)).done());
            ++sequence.value;
        }
        made.raw("entries", codec::json_array(items));
    }
    return made.done();
}

}  // namespace foldstream::cli
