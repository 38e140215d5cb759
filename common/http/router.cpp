#include <algorithm>
#include <stdexcept>

#include "common/http/server.hpp"
#include "common/http/target.hpp"

namespace foldstream::http {

namespace {

bool is_name(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
    if (pattern.size() != segments.size()) return false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (is_name(pattern[i]) ? segments[i].empty() : pattern[i] != segments[i]) return false;
    }
    return true;
}

// Both match the same path: the one with the first literal where the other has a name.
bool more_literal(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (is_name(a[i]) != is_name(b[i])) return is_name(b[i]);
    }
    return false;
}

std::vector<std::string> segments_of(const std::string& pattern) {
    std::vector<std::string> segments;
    for (const std::string_view segment : split_path(pattern)) segments.emplace_back(segment);
    return segments;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler,
                 std::optional<LargeBodies> bodies) {
    for (const Route& route : routes_) {
        if (route.method == method && route.pattern == pattern) {
            throw std::invalid_argument("two routes " + method + " " + pattern);
        }
    }
    std::vector<std::string> segments = segments_of(pattern);
    routes_.push_back(
        {std::move(method), std::move(pattern), std::move(segments), std::move(handler), bodies});
}

void Router::otherwise(std::string prefix, Handler handler) {
    std::vector<std::string> segments = segments_of(prefix);
    otherwise_ = Route{"", prefix + "/*", std::move(segments), std::move(handler), std::nullopt};
}

Router::Match Router::find(std::string_view method,
                           const std::vector<std::string>& segments) const {
    const Route* best = nullptr;
    Match match;
    for (const Route& route : routes_) {
        if (!matches(route.segments, segments)) continue;
        const bool answers = route.method == method || (method == "HEAD" && route.method == "GET");
        if (!answers) {
            match.allow.push_back(route.method);
            if (route.method == "GET") match.allow.emplace_back("HEAD");
        } else if (best == nullptr || more_literal(route.segments, best->segments)) {
            best = &route;
        }
    }
    if (best == nullptr && otherwise_ && method != "GET" && method != "HEAD" &&
        segments.size() > otherwise_->segments.size() &&
        std::equal(otherwise_->segments.begin(), otherwise_->segments.end(), segments.begin())) {
        best = &*otherwise_;
    }
    if (best == nullptr) {
        std::sort(match.allow.begin(), match.allow.end());
        match.allow.erase(std::unique(match.allow.begin(), match.allow.end()), match.allow.end());
        return match;
    }
    match.allow.clear();
    match.handler = &best->handler;
    match.pattern = best->pattern;
    if (best->bodies) match.bodies = &*best->bodies;
    for (std::size_t i = 0; i < best->segments.size(); ++i) {
        const std::string& part = best->segments[i];
        if (is_name(part)) match.values.emplace(part.substr(1, part.size() - 2), segments[i]);
    }
    return match;
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
    const auto found = headers.find(lower_case_name);
    if (found == headers.end()) return std::nullopt;
    return found->second;
}

}  // namespace foldstream::http
