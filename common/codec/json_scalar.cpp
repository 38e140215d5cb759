#include "common/codec/json_scalar.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace foldstream::codec {

namespace {

// More than any text of bounded size has digits: with it, clamping changes no verdict.
constexpr std::int64_t exponent_bound = 1'000'000'000;

struct Parts {
    bool negative = false;
    std::string_view whole;
    std::string_view fraction;
    std::int64_t exponent = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto count = static_cast<std::size_t>(end - text.begin());
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

// By JSON's grammar of numbers (RFC 8259, section 6).
std::optional<Parts> split(std::string_view text) {
    Parts parts;
    parts.negative = take(text, '-');
    parts.whole = take_digits(text);
    if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole.front() == '0')) {
        return std::nullopt;
    }
    if (take(text, '.')) {
        parts.fraction = take_digits(text);
        if (parts.fraction.empty()) return std::nullopt;
    }
    if (take(text, 'e') || take(text, 'E')) {
        const bool negative = take(text, '-');
        if (!negative) take(text, '+');
        const std::string_view digits = take_digits(text);
        if (digits.empty()) return std::nullopt;
        for (const char c : digits) {
            parts.exponent = std::min(parts.exponent * 10 + (c - '0'), exponent_bound);
        }
        if (negative) parts.exponent = -parts.exponent;
    }
    if (!text.empty()) return std::nullopt;
    return parts;
}

std::optional<unsigned> base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
    if (c == '+' || c == '-') return 62;
    if (c == '/' || c == '_') return 63;
    return std::nullopt;
}

}  // namespace

Result<Integer, NumberFault> parse_integer(std::string_view text) {
    const auto parts = split(text);
    if (!parts) return Failure{NumberFault::not_a_number};
    std::string digits;
    digits.append(parts->whole).append(parts->fraction);
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string::npos) return Integer{};
    const std::size_t last = digits.find_last_not_of('0');
    const std::int64_t scale = parts->exponent - static_cast<std::int64_t>(parts->fraction.size()) +
                               static_cast<std::int64_t>(digits.size() - 1 - last);
    if (scale < 0) return Failure{NumberFault::not_an_integer};
    if (scale > 20 || last - first > 20) return Failure{NumberFault::out_of_range};
    Integer value{parts->negative, 0};
    const auto push = [&value](unsigned digit) {
        return !__builtin_mul_overflow(value.magnitude, 10U, &value.magnitude) &&
               !__builtin_add_overflow(value.magnitude, digit, &value.magnitude);
    };
    for (std::size_t i = first; i <= last; ++i) {
        if (!push(static_cast<unsigned>(digits[i] - '0'))) {
            return Failure{NumberFault::out_of_range};
        }
    }
    for (std::int64_t i = 0; i < scale; ++i) {
        if (!push(0)) return Failure{NumberFault::out_of_range};
    }
    return value;
}

Result<double, NumberFault> parse_double(std::string_view text) {
    if (!split(text)) return Failure{NumberFault::not_a_number};
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc()) return Failure{NumberFault::out_of_range};
    return value;
}

std::optional<std::string> parse_base64(std::string_view text) {
    if (text.size() % 4 == 0) {
        for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t word = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto digit = base64_digit(c);
        if (!digit) return std::nullopt;
        word = (word << 6U) | *digit;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>((word >> bits) & 0xFFU);
    }
    return bytes;
}

}  // namespace foldstream::codec
