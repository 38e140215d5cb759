#include "common/fold/command_envelope.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>
#include <utility>

#include "common/codec/check.hpp"

namespace foldstream::fold {

namespace {

constexpr std::string_view meta_prefix = "meta_";
constexpr const char* not_text = "must be UTF-8 without U+0000";

bool is_text(std::string_view text) {
    return codec::is_utf8(text) && text.find('\0') == std::string_view::npos;
}

template <typename Number>
std::optional<Number> parse_decimal(std::string_view text) {
    Number value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

// https://www.w3.org/TR/trace-context-1/#traceparent-header: one that does not parse is ignored.
bool is_traceparent(std::string_view text) {
    if (text.size() != 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (!hex && i != 2 && i != 35 && i != 52) return false;
    }
    const auto zero = [](std::string_view id) {
        return id.find_first_not_of('0') == std::string_view::npos;
    };
    return text.substr(0, 2) != "ff" && !zero(text.substr(3, 32)) && !zero(text.substr(36, 16));
}

// Fields of a packed command that are looked at like the header that carries the same.
bool has_header(std::string_view field) {
    return field == "commandId" || field == "reply.instance" ||
           (field.starts_with("attributes[") &&
            (field.ends_with("].name") || field.ends_with("].value")));
}

// Fills an envelope step by step and notes what is malformed. One object a call of read_envelope.
class EnvelopeReader {
public:
    explicit EnvelopeReader(Envelope& envelope) : envelope_(envelope) {}

    void headers(const RawCommand& raw) {
        envelope_.body = raw.value;
        for (const auto& [name, value] : raw.headers) header(name, value);
        if (reply_partition_ || reply_instance_) {
            if (reply_partition_ && reply_instance_) {
                reply(*reply_partition_, *reply_instance_);
            } else {
                refuse(reply_partition_ ? "reply_instance" : "reply_partition",
                       "must be given beside its counterpart");
            }
        }
        finish();
    }

    void packed(std::string_view value) {
        v1::Command& command = envelope_.packed;
        if (!command.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
            refuse("", "is neither a packed command nor has it headers");
            return;
        }
        for (const codec::Violation& violation : codec::check(command)) {
            if (!has_header(violation.field)) {
                refuse("command." + violation.field, violation.message);
            }
        }
        envelope_.body = command.value();
        envelope_.json = command.content_type() == v1::CONTENT_TYPE_JSON;
        envelope_.type = command.type();
        command_id(command.command_id());
        if (command.has_expected_version()) {
            envelope_.expected_version = Version(command.expected_version());
        }
        envelope_.dry_run = command.dry_run();
        traceparent(command.traceparent());
        if (command.deliver_at_ms() != 0) deliver_at();
        for (const v1::Attribute& attribute : command.attributes()) {
            this->attribute(attribute.name(), attribute.value());
        }
        if (command.has_reply()) reply(command.reply().partition(), command.reply().instance());
        finish();
    }

private:
    void header(std::string_view name, std::string_view value) {
        if (name.starts_with(meta_prefix)) {
            attribute(name.substr(meta_prefix.size()), value);
            return;
        }
        using Read = void (EnvelopeReader::*)(std::string_view);
        static constexpr std::pair<std::string_view, Read> known[] = {
            {"ce_id", &EnvelopeReader::command_id},
            {"ce_type", &EnvelopeReader::type},
            {"content-type", &EnvelopeReader::content_type},
            {"expected_version", &EnvelopeReader::expected_version},
            {"dry_run", &EnvelopeReader::dry_run},
            {"traceparent", &EnvelopeReader::traceparent},
            {"deliver_at", &EnvelopeReader::deliver_at_header},
            {"reply_partition", &EnvelopeReader::reply_partition},
            {"reply_instance", &EnvelopeReader::reply_instance},
        };
        for (const auto& [known_name, read] : known) {
            if (name != known_name) continue;
            if (!seen_.insert(known_name).second) {
                if (known_name == "ce_id") envelope_.command_id_ok = false;
                refuse(known_name, "is given twice");
            } else {
                (this->*read)(value);
            }
            return;
        }
    }

    void refuse(std::string_view field, std::string message) {
        if (envelope_.violations.size() >= max_violations) return;
        envelope_.violations.push_back({std::string(field), std::move(message)});
    }

    void command_id(std::string_view value) {
        if (value.size() > max_command_id) {
            refuse("ce_id", "must have at most " + std::to_string(max_command_id) + " bytes");
        } else if (!is_text(value)) {
            refuse("ce_id", not_text);
        } else {
            envelope_.command_id = value;
            return;
        }
        envelope_.command_id_ok = false;
    }

    void type(std::string_view value) { envelope_.type = value; }

    void content_type(std::string_view value) {
        std::string media(value.substr(0, value.find(';')));
        media.erase(media.find_last_not_of(" \t") + 1);
        std::transform(media.begin(), media.end(), media.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        envelope_.json = media == "application/json";
        if (!envelope_.json && !media.empty() && media != "application/protobuf" &&
            media != "application/x-protobuf") {
            refuse("content-type", "must be application/json or application/protobuf");
        }
    }

    void expected_version(std::string_view value) {
        const auto version = parse_decimal<std::uint64_t>(value);
        if (!version) return refuse("expected_version", "must be a number from 0");
        envelope_.expected_version = Version(*version);
    }

    void dry_run(std::string_view value) {
        if (value != "true" && value != "false" && value != "1" && value != "0") {
            return refuse("dry_run", "must be true or false");
        }
        envelope_.dry_run = value == "true" || value == "1";
    }

    void traceparent(std::string_view value) {
        if (is_traceparent(value)) envelope_.traceparent = value;
    }

    void deliver_at() { refuse("deliver_at", "scheduled commands are not available yet"); }
    void deliver_at_header(std::string_view /*any value asks for it*/) { deliver_at(); }

    void reply_partition(std::string_view value) {
        // A malformed one is refused below, like a negative one.
        reply_partition_ = parse_decimal<std::int32_t>(value).value_or(-1);
    }

    void reply_instance(std::string_view value) { reply_instance_ = value; }

    void reply(std::int32_t partition, std::string_view instance) {
        if (partition < 0) return refuse("reply_partition", "must be a number from 0");
        if (instance.empty() || instance.size() > max_reply_instance || !is_text(instance)) {
            return refuse("reply_instance", "must be 1 to " + std::to_string(max_reply_instance) +
                                                " bytes of UTF-8 without U+0000");
        }
        v1::ReplyAddress address;
        address.set_partition(partition);
        address.set_instance(std::string(instance));
        envelope_.reply = std::move(address);
    }

    void attribute(std::string_view name, std::string_view value) {
        ++attributes_;
        attributes_bytes_ += name.size() + value.size();
        if (attributes_ > max_attributes || attributes_bytes_ > max_attributes_bytes) return;
        if (name.empty() || !is_text(name) || !is_text(value)) {
            return refuse("meta_*", not_text);
        }
        if (!names_.insert(std::string(name)).second) {
            return refuse("meta_" + std::string(name), "is given twice");
        }
        v1::Attribute attribute;
        attribute.set_name(std::string(name));
        attribute.set_value(std::string(value));
        envelope_.attributes.push_back(std::move(attribute));
    }

    void finish() {
        if (envelope_.type.empty()) refuse("ce_type", "is required");
        if (attributes_ > max_attributes || attributes_bytes_ > max_attributes_bytes) {
            refuse("meta_*", "must be at most " + std::to_string(max_attributes) + " and " +
                                 std::to_string(max_attributes_bytes) + " bytes together");
        }
    }

    static constexpr std::size_t max_violations = 20;

    Envelope& envelope_;
    std::set<std::string_view> seen_;
    std::set<std::string> names_;
    std::optional<std::int32_t> reply_partition_;
    std::optional<std::string_view> reply_instance_;
    std::size_t attributes_ = 0;
    std::size_t attributes_bytes_ = 0;
};

}  // namespace

void read_envelope(const RawCommand& raw, Envelope& envelope) {
    EnvelopeReader reader(envelope);
    if (raw.headers.empty()) {
        reader.packed(raw.value);
    } else {
        reader.headers(raw);
    }
}

}  // namespace foldstream::fold
