// JSON written by hand where no message describes it: members in the order of the calls.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/codec/json.hpp"

namespace foldstream::codec {

class JsonObject {
public:
    JsonObject& text(std::string_view name, std::string_view value) {
        start(name);
        codec::append_json_string(value, body_);
        return *this;
    }
    template <std::integral T>
    JsonObject& number(std::string_view name, T value) {
        start(name);
        body_ += std::to_string(value);
        return *this;
    }
    JsonObject& truth(std::string_view name, bool value) {
        return raw(name, value ? "true" : "false");
    }
    JsonObject& none(std::string_view name) { return raw(name, "null"); }
    // `json` is JSON already.
    JsonObject& raw(std::string_view name, std::string_view json) {
        start(name);
        body_ += json;
        return *this;
    }
    [[nodiscard]] std::string done() const { return "{" + body_ + "}"; }

private:
    void start(std::string_view name) {
        if (!body_.empty()) body_ += ',';
        codec::append_json_string(name, body_);
        body_ += ':';
    }
    std::string body_;
};

inline std::string json_array(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const std::string& item : items) {
        if (out.size() > 1) out += ',';
        out += item;
    }
    return out + "]";
}

inline std::string json_string(std::string_view text) {
    std::string out;
    codec::append_json_string(text, out);
    return out;
}

inline std::string json_texts(const std::vector<std::string>& texts) {
    std::vector<std::string> items;
    for (const std::string& text : texts) items.push_back(json_string(text));
    return json_array(items);
}

// [{"field":…,"message":…}], as problems list them.
inline std::string json_violations(const std::vector<Violation>& violations) {
    std::vector<std::string> items;
    for (const Violation& violation : violations) {
        JsonObject item;
        item.text("field", violation.field).text("message", violation.message);
        items.push_back(item.done());
    }
    return json_array(items);
}

}  // namespace foldstream::codec
