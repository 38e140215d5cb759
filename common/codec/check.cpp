#include "common/codec/check.hpp"

#include <google/protobuf/unknown_field_set.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "common/codec/message_plan.hpp"
#include "common/codec/utf8.hpp"

namespace foldstream::codec {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t max_violations = 20;
constexpr std::size_t max_id_length = 128;
constexpr std::size_t max_email_length = 254;  // RFC 5321, with the angle brackets' two taken off
constexpr std::size_t max_local_length = 64;
constexpr std::size_t max_quoted_key = 64;

// Where the walk is: a chain on the stack, made into text only for a violation.
struct Place {
    const Place* parent = nullptr;
    const std::string* field = nullptr;  // null: the root
    int index = -1;                      // of a repeated field's element
    std::string key;                     // of a map's entry

    [[nodiscard]] std::string text() const {
        if (field == nullptr) return {};
        std::string out = parent->text();
        if (!out.empty()) out += '.';
        out += *field;
        if (!key.empty()) return out + '.' + key;
        if (index >= 0) out += '[' + std::to_string(index) + ']';
        return out;
    }
};

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Letters of other scripts are allowed: RFC 6531.
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool is_local_part(std::string_view text) {
    static constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~.";
    if (text.empty() || text.size() > max_local_length) return false;
    if (text.front() == '.' || text.back() == '.') return false;
    if (text.find("..") != std::string_view::npos) return false;
    for (const char c : text) {
        if (!is_letter_or_digit(c) && !is_beyond_ascii(c) &&
            others.find(c) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

bool is_label(std::string_view text) {
    if (text.empty() || text.front() == '-' || text.back() == '-') return false;
    for (const char c : text) {
        if (!is_letter_or_digit(c) && !is_beyond_ascii(c) && c != '-') return false;
    }
    return true;
}

// local@label.label: no quoted local parts, no addresses in brackets, no hosts without a domain.
bool is_email(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || text.size() > max_email_length) return false;
    if (!is_local_part(text.substr(0, at))) return false;
    std::string_view host = text.substr(at + 1);
    if (host.find('.') == std::string_view::npos) return false;
    for (;;) {
        const std::size_t dot = host.find('.');
        if (!is_label(host.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        host.remove_prefix(dot + 1);
    }
}

bool is_currency(std::string_view text) {
    if (text.size() != 3) return false;
    for (const char c : text) {
        if (c < 'A' || c > 'Z') return false;
    }
    return true;
}

const char* format_fault(v1::Format format, std::string_view text) {
    switch (format) {
        case v1::FORMAT_EMAIL:
            return is_email(text) ? nullptr : "must be an e-mail address";
        case v1::FORMAT_CURRENCY:
            return is_currency(text) ? nullptr : "must be a currency of ISO 4217, as USD";
        case v1::FORMAT_ID:
            return is_id(text) ? nullptr
                               : "must be 1 to 128 letters (A-Z, a-z), digits or any of . _ : ~ -";
        default:
            return nullptr;
    }
}

// Walks a message beside its plan and collects what is wrong. One object a call of check.
class Checker {
public:
    void message(const Message& message, const MessagePlan& plan, const Place& place) {
        const Reflection& reflection = *message.GetReflection();
        unknown(reflection.GetUnknownFields(message), plan, place);
        if (plan.time) {
            time(message, reflection, place);
            return;
        }
        for (const FieldPlan& field : plan.fields) {
            if (full()) return;
            const Place here{&place, &field.name(), -1, {}};
            if (field.repeated) {
                repeated(message, reflection, field, here);
            } else {
                singular(message, reflection, field, here);
            }
        }
    }

    std::vector<Violation> take() && { return std::move(violations_); }

private:
    [[nodiscard]] bool full() const { return violations_.size() >= max_violations; }

    void add(const Place& place, std::string text) {
        if (!full()) violations_.push_back({place.text(), std::move(text)});
    }

    // They have no names: their numbers stand in the path.
    void unknown(const google::protobuf::UnknownFieldSet& fields, const MessagePlan& plan,
                 const Place& place) {
        std::set<int> named;
        for (int i = 0; i < fields.field_count() && !full(); ++i) {
            const int number = fields.field(i).number();
            if (!named.insert(number).second) continue;
            const std::string name = std::to_string(number);
            add(Place{&place, &name, -1, {}}, "is not a field of " + plan.type->name());
        }
    }

    void singular(const Message& m, const Reflection& r, const FieldPlan& plan,
                  const Place& place) {
        const bool required = plan.check != nullptr && plan.check->required();
        if (required || plan.nullable) {
            // Without presence a field counts as set when it is not the default.
            if (!r.HasField(m, plan.field)) {
                if (required) add(place, "is required");
                return;
            }
        }
        value(m, r, plan, -1, place);
    }

    void repeated(const Message& m, const Reflection& r, const FieldPlan& plan,
                  const Place& place) {
        const int size = r.FieldSize(m, plan.field);
        if (plan.check != nullptr) items(*plan.check, static_cast<std::size_t>(size), place);
        for (int i = 0; i < size && !full(); ++i) {
            if (plan.map) {
                entry(r.GetRepeatedMessage(m, plan.field, i), plan, *place.parent);
            } else {
                value(m, r, plan, i, Place{place.parent, place.field, i, {}});
            }
        }
    }

    void items(const v1::Constraints& check, std::size_t size, const Place& place) {
        if (size == 0 && check.required()) {
            add(place, "is required");
        } else if (size < check.min_items()) {
            add(place, "must have at least " + std::to_string(check.min_items()) + " items");
        } else if (check.max_items() > 0 && size > check.max_items()) {
            add(place, "must have at most " + std::to_string(check.max_items()) + " items");
        }
    }

    // A map's constraints beside its size are those of its values.
    void entry(const Message& entry, const FieldPlan& map, const Place& parent) {
        const Reflection& r = *entry.GetReflection();
        const FieldPlan& key = map.message->fields[0];
        const FieldPlan& held = map.message->fields[1];
        Place place{&parent, &map.name(), -1, {}};
        if (key.kind == Kind::string) {
            std::string scratch;
            const std::string& text = r.GetStringReference(entry, key.field, &scratch);
            if (const char* fault = text_fault(text)) {
                add(place, std::string("a key ") + fault);
                return;
            }
            place.key = text.size() > max_quoted_key ? "..." : text;
        }
        value(entry, r, held, -1, place, map.check);
    }

    void value(const Message& m, const Reflection& r, const FieldPlan& plan, int i,
               const Place& place) {
        value(m, r, plan, i, place, plan.check);
    }

    void value(const Message& m, const Reflection& r, const FieldPlan& plan, int i,
               const Place& place, const v1::Constraints* check) {
        const FieldDescriptor* f = plan.field;
        switch (plan.kind) {
            case Kind::int32:
                return range(check, i < 0 ? r.GetInt32(m, f) : r.GetRepeatedInt32(m, f, i), place);
            case Kind::int64:
                return range(check, i < 0 ? r.GetInt64(m, f) : r.GetRepeatedInt64(m, f, i), place);
            case Kind::uint32:
                return range(check, i < 0 ? r.GetUInt32(m, f) : r.GetRepeatedUInt32(m, f, i),
                             place);
            case Kind::uint64:
                return range(check, i < 0 ? r.GetUInt64(m, f) : r.GetRepeatedUInt64(m, f, i),
                             place);
            case Kind::float32:
                return range(check, i < 0 ? r.GetFloat(m, f) : r.GetRepeatedFloat(m, f, i), place);
            case Kind::float64:
                return range(check, i < 0 ? r.GetDouble(m, f) : r.GetRepeatedDouble(m, f, i),
                             place);
            case Kind::boolean:
                return;
            case Kind::enumeration:
                return named(plan, i < 0 ? r.GetEnumValue(m, f) : r.GetRepeatedEnumValue(m, f, i),
                             place);
            case Kind::string:
            case Kind::bytes: {
                std::string scratch;
                return text(plan.kind,
                            i < 0 ? r.GetStringReference(m, f, &scratch)
                                  : r.GetRepeatedStringReference(m, f, i, &scratch),
                            plan.nullable || i >= 0, check, place);
            }
            case Kind::message:
            case Kind::time:
                return message(i < 0 ? r.GetMessage(m, f) : r.GetRepeatedMessage(m, f, i),
                               *plan.message, place);
        }
    }

    template <typename Number>
    void range(const v1::Constraints* check, Number value, const Place& place) {
        if (check == nullptr) return;
        const auto least = check->minimum();
        const auto greatest = check->maximum();
        bool low = false;
        bool high = false;
        if constexpr (std::is_floating_point_v<Number>) {
            low = !(value >= static_cast<Number>(least));  // NaN is neither low nor high: refuse it
            high = !(value <= static_cast<Number>(greatest));
        } else {
            low = std::cmp_less(value, least);
            high = std::cmp_greater(value, greatest);
        }
        if (check->has_minimum() && low) {
            add(place, "must be at least " + std::to_string(least));
        } else if (check->has_maximum() && high) {
            add(place, "must be at most " + std::to_string(greatest));
        }
    }

    void named(const FieldPlan& plan, int number, const Place& place) {
        if (plan.enumeration->texts.contains(number)) return;
        add(place, "must be one of " + plan.enumeration->choices);
    }

    static const char* text_fault(std::string_view text) {
        if (!is_utf8(text)) return "is not valid UTF-8";
        if (text.find('\0') != std::string_view::npos) return "must not contain U+0000";
        return nullptr;
    }

    // `given`: also when it is empty.
    void text(Kind kind, std::string_view text, bool given, const v1::Constraints* check,
              const Place& place) {
        if (kind == Kind::string) {
            if (const char* fault = text_fault(text)) {
                add(place, fault);
                return;
            }
        }
        if (check == nullptr) return;
        if (text.size() < check->min_length()) {
            add(place, "must have at least " + std::to_string(check->min_length()) + " bytes");
        } else if (check->max_length() > 0 && text.size() > check->max_length()) {
            add(place, "must have at most " + std::to_string(check->max_length()) + " bytes");
        } else if (given || !text.empty()) {
            if (const char* fault = format_fault(check->format(), text)) add(place, fault);
        }
    }

    void time(const Message& m, const Reflection& r, const Place& place) {
        const auto* type = m.GetDescriptor();
        const std::int64_t seconds = r.GetInt64(m, type->FindFieldByNumber(1));
        const std::int32_t nanos = r.GetInt32(m, type->FindFieldByNumber(2));
        if (seconds < least_second || seconds > greatest_second || nanos < 0 ||
            nanos > 999'999'999) {
            add(place, "must be a time of the years 0001 to 9999");
        }
    }

    std::vector<Violation> violations_;
};

}  // namespace

bool is_utf8(std::string_view text) {
    constexpr std::uint64_t beyond_ascii = 0x8080808080808080U;
    for (std::size_t i = 0; i < text.size();) {
        std::uint64_t word = beyond_ascii;
        if (text.size() - i >= sizeof word) std::memcpy(&word, text.data() + i, sizeof word);
        if ((word & beyond_ascii) == 0) {  // most texts are nothing else
            i += sizeof word;
            continue;
        }
        const std::size_t length = utf8_length(text, i);
        if (length == 0) return false;
        i += length;
    }
    return true;
}

bool is_id(std::string_view text) {
    if (text.empty() || text.size() > max_id_length) return false;
    for (const char c : text) {
        if (!is_letter_or_digit(c) && std::string_view("._:~-").find(c) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

std::vector<Violation> check(const Message& message) {
    Checker checker;
    checker.message(message, plan_of(*message.GetDescriptor()), Place{});
    return std::move(checker).take();
}

}  // namespace foldstream::codec
