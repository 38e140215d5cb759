#include "bench/orders/row_text.hpp"

#include <stdexcept>

namespace foldstream::bench {

namespace {

constexpr std::size_t shortest_secret = 136;

}  // namespace

std::string text_of_element(std::string_view element) {
    if (!element.starts_with('"')) return std::string(element);
    std::string text;
    for (std::size_t i = 1; i + 1 < element.size(); ++i) {
        if (element[i] == '\\') ++i;
        text += element[i];
    }
    return text;
}

std::string hex(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

std::vector<std::uint8_t> bytes_of(const std::string& hexadecimal) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i + 1 < hexadecimal.size(); i += 2) {
        bytes.push_back(
            static_cast<std::uint8_t>(std::stoul(hexadecimal.substr(i, 2), nullptr, 16)));
    }
    if (bytes.size() < shortest_secret) throw std::invalid_argument("--secret is too short");
    return bytes;
}

}  // namespace foldstream::bench
