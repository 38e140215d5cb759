#include "query-service/cursor.hpp"

#include <xxhash.h>

#include <array>
#include <cstdint>

namespace foldstream::query {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char form = 1;
constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t length_bytes = 4;

std::string base64url(std::string_view bytes) {
    std::string out;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : bytes) {
        bits = bits << 8U | static_cast<std::uint8_t>(c);
        held += 8;
        while (held >= 6) {
            held -= 6;
            out += alphabet[bits >> held & 63U];
        }
    }
    if (held > 0) out += alphabet[bits << (6 - held) & 63U];
    return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out += static_cast<char>(bits >> held & 0xFFU);
    }
    if ((bits & ((1U << held) - 1U)) != 0) return std::nullopt;  // two texts for one cursor
    return out;
}

void append_number(std::uint64_t number, std::size_t bytes, std::string& out) {
    for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xFFU);
}

std::uint64_t checksum(std::string_view payload, std::string_view context) {
    const std::uint64_t seed = XXH3_64bits(context.data(), context.size());
    return XXH3_64bits_withSeed(payload.data(), payload.size(), seed);
}

}  // namespace

std::string encode_cursor(const Cursor& cursor, std::string_view context) {
    std::string payload(1, form);
    payload += cursor.value ? '\1' : '\0';
    const std::string& value = cursor.value ? *cursor.value : std::string();
    append_number(value.size(), length_bytes, payload);
    payload += value;
    payload += cursor.key;
    append_number(checksum(payload, context), checksum_bytes, payload);
    return base64url(payload);
}

std::optional<Cursor> decode_cursor(std::string_view text, std::string_view context) {
    if (text.size() > max_cursor_bytes) return std::nullopt;
    const auto bytes = from_base64url(text);
    constexpr std::size_t head = 2 + length_bytes;
    if (!bytes || bytes->size() < head + checksum_bytes) return std::nullopt;
    const std::string_view payload =
        std::string_view(*bytes).substr(0, bytes->size() - checksum_bytes);
    std::string expected;
    append_number(checksum(payload, context), checksum_bytes, expected);
    if (std::string_view(*bytes).substr(payload.size()) != expected || payload[0] != form) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) {
        length |= static_cast<std::size_t>(static_cast<std::uint8_t>(payload[2 + i])) << (8 * i);
    }
    if (length > payload.size() - head) return std::nullopt;
    Cursor cursor;
    if (payload[1] == '\1') cursor.value = std::string(payload.substr(head, length));
    cursor.key = std::string(payload.substr(head + length));
    return cursor;
}

}  // namespace foldstream::query
