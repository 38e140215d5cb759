#include "query-service/terms.hpp"

#include <algorithm>

#include "common/http/preferences.hpp"

namespace foldstream::query {

Result<Terms, std::string> read_terms(const http::Request& request) {
    Terms terms;
    if (const auto after = request.header("foldstream-after")) {
        auto places = parse_places(*after);
        if (!places) {
            return Failure<std::string>{
                "Foldstream-After is not domain:partition:sequence, or more than " +
                std::to_string(max_places) + " of them"};
        }
        terms.after = std::move(*places);
    }
    if (const auto prefer = request.header("prefer")) {
        const auto wait = http::read_preferences(*prefer).wait;
        if (wait) terms.wait = std::min<std::chrono::milliseconds>(*wait, max_wait);
    }
    terms.if_none_match = std::string(request.header("if-none-match").value_or(""));
    return terms;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
    const auto strong = [](std::string_view text) {
        if (text.starts_with("W/")) text.remove_prefix(2);
        return text;
    };
    return http::any_member(if_none_match, [&](std::string_view one) {
        return one == "*" || (!one.empty() && strong(one) == strong(tag));
    });
}

}  // namespace foldstream::query
