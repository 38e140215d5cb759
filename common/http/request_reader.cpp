#include "common/http/request_reader.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <ctime>
#include <string>

namespace foldstream::http {

namespace beast = boost::beast;
using beast::http::field;

namespace {

// RFC 9110 IMF-fixdate, made once a second and thread.
const std::string& http_date() {
    thread_local std::time_t at = 0;
    thread_local std::string text;
    const std::time_t now = std::time(nullptr);
    if (now != at) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        std::array<char, 64> out{};
        const std::size_t n =
            std::strftime(out.data(), out.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        text.assign(out.data(), n);
        at = now;
    }
    return text;
}

// A line break in a value would begin another header.
std::string one_line(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    }
    return text;
}

bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

std::optional<Response> refuse_head(const BeastRequest& head) {
    if (head.version() != 10 && head.version() != 11) {
        return problem(505, "invalid", "HTTP/1.1 is spoken here");
    }
    const auto hosts = head.count(field::host);
    if (hosts > 1 || (hosts == 0 && head.version() == 11)) {
        return problem(400, "invalid", "one Host header is needed");
    }
    // Joined as lists they would be another value than any that was meant; and of two equal lengths
    // Beast takes one, which whoever stands before this server might not.
    for (const char* single :
         {"Authorization", "Content-Length", "Content-Type", "Idempotency-Key"}) {
        if (head.count(single) > 1) {
            return problem(400, "invalid", std::string(single) + " is given twice");
        }
    }
    // Beast also takes a list of equal ones.
    const auto length = head[field::content_length];
    if (!std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return problem(400, "invalid", "Content-Length is one number");
    }
    if (head.count(field::transfer_encoding) > 0) {
        if (head.version() == 10 || head.count(field::content_length) > 0) {
            return problem(400, "invalid", "Transfer-Encoding beside another framing");
        }
        if (head.count(field::transfer_encoding) > 1 ||
            !beast::iequals(head[field::transfer_encoding], "chunked")) {
            return problem(501, "invalid", "chunked is the only Transfer-Encoding here");
        }
    }
    const auto expect = head[field::expect];
    if (!expect.empty() && !beast::iequals(expect, "100-continue")) {
        return problem(417, "invalid", "Expect: 100-continue is the only expectation here");
    }
    return std::nullopt;
}

BeastResponse to_beast(Response response, unsigned version, bool head_only, bool keep_alive) {
    BeastResponse out{beast::http::int_to_status(static_cast<unsigned>(response.status)), version};
    out.result(static_cast<unsigned>(response.status));
    out.set(field::date, http_date());
    for (auto& [name, value] : response.headers) out.insert(name, one_line(std::move(value)));
    out.keep_alive(keep_alive);
    if (has_no_body(response.status)) return out;
    out.set(field::content_type, response.content_type);
    out.content_length(response.body.size());
    if (!head_only) out.body() = std::move(response.body);
    return out;
}

}  // namespace foldstream::http
