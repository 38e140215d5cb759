// What stands in for Postgres where a test asks whether a row survives it: reads array literals and
// prints values as a session in UTC would. The projector's tests ask the real one the same.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/fold/column.hpp"

namespace foldstream::testing {

// The elements of a one-dimensional array literal; nullopt = NULL.
inline std::vector<std::optional<std::string>> parse_array(std::string_view literal) {
    std::vector<std::optional<std::string>> elements;
    if (literal.size() < 2 || literal.front() != '{' || literal.back() != '}') {
        throw std::logic_error("no array literal: " + std::string(literal));
    }
    literal = literal.substr(1, literal.size() - 2);
    std::size_t at = 0;
    while (at < literal.size()) {
        std::string element;
        const bool quoted = literal[at] == '"';
        if (quoted) {
            for (++at; at < literal.size() && literal[at] != '"'; ++at) {
                if (literal[at] == '\\') ++at;
                element += literal.at(at);
            }
            if (at == literal.size()) throw std::logic_error("an open quote");
            ++at;
        } else {
            for (; at < literal.size() && literal[at] != ','; ++at) element += literal[at];
            if (element.find_first_of("{}\"\\ ") != std::string::npos || element.empty()) {
                throw std::logic_error("an element that needs quotes: " + element);
            }
        }
        if (!quoted && element == "NULL") {
            elements.emplace_back();
        } else {
            elements.emplace_back(std::move(element));
        }
        if (at == literal.size()) break;
        if (literal[at++] != ',' || at == literal.size()) throw std::logic_error("no comma");
    }
    return elements;
}

// jsonb: shorter keys first, then by bytes; blanks behind commas and colons; no -0.
inline void append_jsonb(const boost::json::value& value, std::string& out) {
    if (const auto* array = value.if_array()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out += ", ";
            append_jsonb((*array)[i], out);
        }
        out += ']';
    } else if (const auto* object = value.if_object()) {
        std::vector<std::string> keys;
        for (const auto& member : *object) keys.emplace_back(member.key());
        std::sort(keys.begin(), keys.end(), [](const std::string& a, const std::string& b) {
            return a.size() != b.size() ? a.size() < b.size() : a < b;
        });
        out += '{';
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (i > 0) out += ", ";
            out += boost::json::serialize(boost::json::string(keys[i])) + ": ";
            append_jsonb(object->at(keys[i]), out);
        }
        out += '}';
    } else if (value.is_double() && value.get_double() == 0) {
        out += '0';
    } else {
        out += boost::json::serialize(value);
    }
}

// The text that comes back for a value that went in as `text`.
inline std::string printed(fold::ColumnKind kind, const std::string& text) {
    if (kind == fold::ColumnKind::json) {
        boost::json::parse_options options;
        options.max_depth = 200;
        std::string out;
        append_jsonb(boost::json::parse(text, {}, options), out);
        return out;
    }
    if (kind == fold::ColumnKind::timestamp) {
        // 2026-01-21T10:30:00.120Z -> 2026-01-21 10:30:00.12+00
        std::string out = text.substr(0, text.size() - 1);
        out.at(out.find('T')) = ' ';
        while (out.back() == '0') out.pop_back();
        if (out.back() == '.') out.pop_back();
        return out + "+00";
    }
    if (text.find('\0') != std::string::npos) throw std::logic_error("Postgres takes no U+0000");
    return text;
}

}  // namespace foldstream::testing
