#include "query-service/places.hpp"

#include <algorithm>
#include <charconv>

namespace foldstream::query {

namespace {

// The whole text, digits only.
template <typename T>
std::optional<T> number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (text.starts_with('-')) return std::nullopt;
    return value;
}

bool is_domain(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<Place> parse_place(std::string_view text) {
    const std::size_t first = text.find(':');
    const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const std::string_view domain = text.substr(0, first);
    const auto partition = number<std::int32_t>(text.substr(first + 1, second - first - 1));
    const auto sequence = number<std::uint64_t>(text.substr(second + 1));
    if (!is_domain(domain) || !partition || !sequence) return std::nullopt;
    return Place{std::string(domain), Partition(*partition), Sequence(*sequence)};
}

std::optional<std::vector<Place>> parse_places(std::string_view text) {
    std::vector<Place> places;
    for (;;) {
        const std::size_t comma = text.find(',');
        auto place = parse_place(trimmed(text.substr(0, comma)));
        if (!place || places.size() == max_places) return std::nullopt;
        places.push_back(std::move(*place));
        if (comma == std::string_view::npos) return places;
        text.remove_prefix(comma + 1);
    }
}

std::string to_text(const Place& place) {
    return place.domain + ":" + std::to_string(place.partition.value) + ":" +
           std::to_string(place.sequence.value);
}

}  // namespace foldstream::query
