#include "command-service/gateway_terms.hpp"

#include <algorithm>
#include <string_view>

#include "common/http/preferences.hpp"

namespace foldstream::command_service {

namespace {

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// One strong tag that is a version: "7", quotes included.
std::optional<std::string> version_in(std::string_view tag) {
    tag = http::trimmed(tag);
    if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') return std::nullopt;
    tag = tag.substr(1, tag.size() - 2);
    if (!is_number(tag)) return std::nullopt;
    return std::string(tag);
}

void read_preferences(std::string_view header, Terms& terms) {
    const http::Preferences preferences = http::read_preferences(header);
    terms.dry_run = preferences.dry_run;
    if (preferences.wait) terms.wait = std::min(*preferences.wait, max_wait);
    if (preferences.respond_async) {
        terms.wish = preferences.wait ? Wish::outcome_or_delivery : Wish::delivery;
    }
}

}  // namespace

ReadTerms read_terms(const http::Request& request) {
    ReadTerms read;
    Terms& terms = read.terms;
    if (const auto key = request.header("idempotency-key")) {
        if (key->empty()) {
            read.violations.push_back({"Idempotency-Key", "must not be empty"});
        } else {
            terms.command_id = std::string(*key);
        }
    }
    if (const auto tag = request.header("if-match")) {
        terms.if_match = version_in(*tag);
        if (!terms.if_match) {
            read.violations.push_back({"If-Match", "must be one version in quotes, such as \"7\""});
        }
    }
    if (const auto prefer = request.header("prefer")) read_preferences(*prefer, terms);
    terms.traceparent = std::string(request.header("traceparent").value_or(""));
    if (!request.query.empty()) {
        read.violations.push_back({request.query.front().first, "is no parameter here"});
    }
    return read;
}

std::string client_of(const http::Request& request, const std::vector<std::string>& trusted) {
    const auto is_trusted = [&](std::string_view address) {
        return std::find(trusted.begin(), trusted.end(), address) != trusted.end();
    };
    std::string_view client = request.peer;
    std::string_view forwarded = request.header("x-forwarded-for").value_or("");
    // Each forwarder adds whom it heard, at the end; what stands further to the front is hearsay.
    while (is_trusted(client) && !forwarded.empty()) {
        const std::size_t comma = forwarded.rfind(',');
        const bool last = comma == std::string_view::npos;
        const std::string_view added =
            http::trimmed(last ? forwarded : forwarded.substr(comma + 1));
        forwarded = last ? std::string_view() : forwarded.substr(0, comma);
        if (added.empty()) break;
        client = added;
    }
    return std::string(client);
}

}  // namespace foldstream::command_service
