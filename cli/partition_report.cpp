#include "cli/partition_report.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include "common/codec/json_object.hpp"
#include "common/core/time_text.hpp"
#include "common/kafka/topics.hpp"

namespace foldstream::cli {

namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

std::string place_text(const replay::Position& position) {
    return "offset " + number(position.offset.value) + ", epoch " +
           std::to_string(position.epoch.value) + ", sequence " +
           std::to_string(position.sequence.value);
}

std::string place_json(const replay::Position& position) {
    if (position.offset.value < 0) return "null";
    codec::JsonObject place;
    place.number("offset", position.offset.value)
        .number("epoch", position.epoch.value)
        .number("sequence", position.sequence.value);
    return place.done();
}

std::string topic_of(const AdoptionView& view) {
    return kafka::commands_topic(view.domain) + " partition " + number(view.partition.value);
}

std::string_view record_name(AdoptionView::Record record) {
    static constexpr std::array<std::string_view, 5> names = {"unknown", "same", "another",
                                                              "deleted", "beyond"};
    return names[static_cast<std::size_t>(record)];
}

std::string_view record_text(AdoptionView::Record record) {
    static constexpr std::array<std::string_view, 5> texts = {
        "nothing can be compared with the topic",
        "the topic has it there",
        "the topic has another record there: it was recreated",
        "the topic has lost it",
        "the topic ends before it: it was recreated",
    };
    return texts[static_cast<std::size_t>(record)];
}

constexpr const char* by_themselves =
    "Owners go on by themselves: one that stands still looks again after 30 s, doubling to 10 "
    "minutes; a restart of the command-service makes it look at once.\n";

}  // namespace

bool AdoptionView::fits() const {
    const auto next = static_cast<std::int64_t>(next_offset);
    const bool there = next >= begin.value && next <= end.value;
    return there && record != Record::another && record != Record::beyond;
}

std::optional<Offset> adopted_offset(const std::string& text, const AdoptionView& view) {
    if (text == "begin") return view.begin;
    if (text == "end") return view.end;
    std::int64_t value = 0;
    const char* last = text.data() + text.size();
    const auto read = std::from_chars(text.data(), last, value);
    if (text.empty() || read.ec != std::errc() || read.ptr != last) return std::nullopt;
    if (value < view.begin.value || value > view.end.value) return std::nullopt;
    return Offset(value);
}

std::string adoption_view_text(const AdoptionView& view) {
    std::string text = "The log " + kafka::events_topic(view.domain) + " partition " +
                       number(view.partition.value) + ": epoch " +
                       std::to_string(view.epoch.value) + ", sequence " +
                       std::to_string(view.sequence.value) + "; commands go on at offset " +
                       std::to_string(view.next_offset) + ".\n";
    if (view.last) {
        text += "Its last command: sequence " + std::to_string(view.last->sequence.value) +
                ", offset " + std::to_string(view.last->input.offset()) + ", appended " +
                rfc3339(view.last->input.append_time_ms()) + ": " +
                std::string(record_text(view.record)) + ".\n";
    } else {
        text += "Its last command is not known: " + std::string(record_text(view.record)) + ".\n";
    }
    text += "The topic " + topic_of(view) + " has offsets from " + number(view.begin.value) +
            " to " + number(view.end.value) + " (the next one to come).\n";
    return text;
}

std::string adoption_question(const AdoptionView& view, Offset next) {
    const auto said = static_cast<std::int64_t>(view.next_offset);
    std::string text;
    if (view.fits()) {
        text += "The topic goes on where the log ends: an owner needs no adoption for it.\n";
        if (next.value < said) {
            text += "Commands from " + number(next.value) + " to " + number(said - 1) +
                    " would be decided AGAIN; those whose ids are no longer remembered count "
                    "twice.\n";
        } else if (next.value > said) {
            text += "Commands from " + number(said) + " to " + number(next.value - 1) +
                    " would never be decided.\n";
        }
    }
    return text + "Shall commands of " + topic_of(view) + " go on at offset " + number(next.value) +
           "? " + number(next.value - view.begin.value) + " records before it are never read, " +
           number(view.end.value - next.value) + " from there on are decided.";
}

std::string adopted_text(const AdoptionView& view, const Adopted& adopted) {
    return "A claim at offset " + number(adopted.claim.value) + " of " +
           kafka::events_topic(view.domain) + " partition " + number(view.partition.value) +
           " opens epoch " + std::to_string(adopted.epoch.value) + ": commands go on at offset " +
           number(adopted.next.value) + ".\n" + by_themselves;
}

std::string adopted_json(const AdoptionView& view, const Adopted& adopted) {
    codec::JsonObject body;
    body.text("domain", view.domain)
        .number("partition", view.partition.value)
        .number("nextOffset", adopted.next.value)
        .number("epoch", adopted.epoch.value)
        .number("claimOffset", adopted.claim.value)
        .text("who", adopted.who)
        .number("nextOffsetBefore", view.next_offset)
        .text("lastCommand", record_name(view.record))
        .number("topicBegin", view.begin.value)
        .number("topicEnd", view.end.value);
    return body.done();
}

std::string reset_view_text(const ResetView& view) {
    std::string text = "The log " + kafka::events_topic(view.domain) + " partition " +
                       number(view.partition.value) + " ends at offset " +
                       number(view.log_end.value) + "; its last valid record: ";
    text += view.log.offset.value < 0 ? "none" : place_text(view.log);
    text += ".\n";
    if (view.relies_on.offset.value < 0) return text + "The snapshots rely on no record of it.\n";
    return text + "The snapshots rely on a record at " + place_text(view.relies_on) + ": " +
           (view.has_it ? "the log has it.\n" : "the log does not have it.\n");
}

std::string reset_question(const ResetView& view) {
    std::string text;
    if (view.has_it) {
        text +=
            "The snapshots fit this log. A reset is needed only when an owner says that its store "
            "does not.\n";
    }
    return text + "Is this the log to go on with? Then " + std::to_string(view.keys) + " keys of " +
           kafka::snapshots_topic(view.domain) + " partition " + number(view.partition.value) +
           " are deleted, and owners throw away what they have stored of it.";
}

std::string reset_text(const ResetView& view, const Reset& reset) {
    return std::to_string(reset.deleted) + " keys are deleted, and the reset " + reset.id +
           " stands at offset " + number(reset.record.value) + " of " +
           kafka::snapshots_topic(view.domain) + " partition " + number(view.partition.value) +
           ".\n" + by_themselves + "Not done by this: projections of " + view.domain +
           " must be rebuilt, relays to other domains reviewed, and, when the log is a new one, "
           "foldctl partitions adopt says where its commands begin.\n";
}

std::string reset_json(const ResetView& view, const Reset& reset) {
    codec::JsonObject body;
    body.text("domain", view.domain)
        .number("partition", view.partition.value)
        .text("resetId", reset.id)
        .number("resetOffset", reset.record.value)
        .number("deletedKeys", reset.deleted)
        .text("who", reset.who)
        .raw("log", place_json(view.log))
        .number("logEnd", view.log_end.value)
        .raw("snapshotsRelyOn", place_json(view.relies_on))
        .truth("logHasIt", view.has_it);
    return body.done();
}

}  // namespace foldstream::cli
