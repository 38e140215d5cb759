// Bytes of a client, through a real session with small limits. Whatever comes, the connection ends;
// what reaches a handler is well formed; how the bytes are cut into packets changes nothing; and a
// request that was taken is one that a parser without mercy takes, too, and in the same way: two
// servers that read one request in two ways are how requests are smuggled.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/strand.hpp>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/codec/check.hpp"
#include "common/http/session.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace foldstream::fuzz {
namespace {

using boost::asio::ip::tcp;
using http::Request;

constexpr std::size_t most_bytes = 8 * 1024;  // of an input: its answers fit into the pipe
constexpr std::size_t most_pieces = 64;
constexpr std::size_t max_head = 1024;
constexpr std::size_t max_body = 1500;
constexpr std::string_view body_of_answers = "ok\n";

struct Exchange {
    std::vector<Request> requests;
    std::string answers;
};

// The client's end of a connection to a session that a Core of its own serves, in this thread.
class Connection {
public:
    Connection() {
        std::array<int, 2> ends{};
        expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0, "a pipe");
        client_ = ends[0];
        http::ServerOptions options;
        options.max_head_bytes = max_head;
        options.max_body_bytes = max_body;
        core_ = std::make_shared<http::Core>(options, routes(), nullptr);
        core_->open = 1;
        tcp::socket socket(boost::asio::make_strand(core_->io));
        socket.assign(tcp::v4(), ends[1]);
        http::start_connection(core_, std::move(socket), http::Admission::serve);
        work();
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(client_); }

    void say(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0) break;  // the server has closed
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        work();
    }
    // No more is said: the session has to end.
    Exchange end() {
        ::shutdown(client_, SHUT_WR);
        for (int i = 0; core_->open > 0; ++i) {
            expect(i < 100, "a connection whose client has gone ends");
            work();
        }
        return std::move(exchange_);
    }

private:
    http::Router routes() {
        http::Router router;
        for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
            for (const char* pattern : {"/", "/{a}", "/{a}/{b}"}) {
                router.add(method, pattern,
                           [this](Request request, const http::Responder& respond) {
                               exchange_.requests.push_back(std::move(request));
                               respond({200, "text/plain", {}, std::string(body_of_answers)});
                           });
            }
        }
        return router;
    }
    void work() {
        core_->io.restart();
        core_->io.poll();
        std::array<char, 4096> bytes{};
        for (ssize_t n = 1; n > 0;) {
            n = ::recv(client_, bytes.data(), bytes.size(), 0);
            if (n > 0) exchange_.answers.append(bytes.data(), static_cast<std::size_t>(n));
        }
    }

    int client_ = -1;
    std::shared_ptr<http::Core> core_;  // shared: as the server shares it with what it answers
    Exchange exchange_;
};

Exchange said(std::string_view bytes, std::size_t piece) {
    Connection connection;
    while (!bytes.empty()) {
        connection.say(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return connection.end();
}

bool is_token(std::string_view text) {
    constexpr std::string_view more = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               more.find(c) != std::string_view::npos;
    });
}

bool is_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7F;
    });
}

void expect_well_formed(const Request& request) {
    expect(is_token(request.method), "a method is a token", request.method);
    expect(request.path.starts_with('/') && codec::is_utf8(request.path) &&
               request.path.find('\0') == std::string::npos,
           "a path is text", request.path);
    for (const auto& [name, value] : request.query) {
        expect(codec::is_utf8(name) && codec::is_utf8(value), "a query is text");
    }
    std::size_t bytes = 0;
    for (const auto& [name, value] : request.headers) {
        expect(is_token(name) && is_value(value), "a header is one line", name);
        expect(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }),
               "names are lower case", name);
        bytes += name.size() + value.size();
    }
    expect(bytes <= max_head, "a head is bounded");
    expect(request.body.size() <= max_body, "a body is bounded");
}

struct Answers {
    std::vector<int> statuses;  // without 100
};

// Takes the answers apart. Bodies begin with '{' or 'o': what else follows a head is no body.
Answers read_answers(std::string_view bytes) {
    static constexpr std::array allowed = {100, 200, 400, 404, 405, 413, 417, 431, 501, 505};
    Answers answers;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find("\r\n\r\n");
        expect(bytes.starts_with("HTTP/1.") && end != std::string_view::npos,
               "an answer has a head");
        const std::string head(bytes.substr(0, end + 4));
        bytes.remove_prefix(head.size());
        const int status = std::atoi(head.substr(9, 3).c_str());
        expect(std::find(allowed.begin(), allowed.end(), status) != allowed.end(),
               "an answer has a status that fits", head);
        if (status != 100) answers.statuses.push_back(status);
        if (bytes.empty() || (bytes.front() != '{' && bytes.front() != 'o')) continue;
        const std::size_t at = head.find("Content-Length: ");
        expect(at != std::string::npos, "a body has a length", head);
        const std::size_t length = std::stoul(head.substr(at + 16));
        expect(length <= bytes.size(), "a body is whole");
        bytes.remove_prefix(length);
    }
    return answers;
}

void expect_exchange(const Exchange& exchange, const Answers& answers) {
    for (const Request& request : exchange.requests) expect_well_formed(request);
    const auto good = std::count(answers.statuses.begin(), answers.statuses.end(), 200);
    expect(static_cast<std::size_t>(good) == exchange.requests.size(),
           "every request that was handled is answered once");
}

void expect_same(const Exchange& whole, const Exchange& cut) {
    expect(whole.requests.size() == cut.requests.size(), "packets do not change requests");
    for (std::size_t i = 0; i < whole.requests.size(); ++i) {
        const Request& a = whole.requests[i];
        const Request& b = cut.requests[i];
        expect(a.method == b.method && a.path == b.path && a.query == b.query &&
                   a.headers == b.headers && a.body == b.body,
               "packets do not change a request");
    }
}

// What is no request is refused for one reason or another, or waited for: that depends on what has
// come so far, and is the only thing that does.
void expect_same_answers(const std::vector<int>& whole, const std::vector<int>& cut) {
    const auto& longer = whole.size() > cut.size() ? whole : cut;
    const auto& shorter = whole.size() > cut.size() ? cut : whole;
    expect(longer.size() - shorter.size() <= 1, "packets do not change how many answers there are");
    for (std::size_t n = 0; n < longer.size(); ++n) {
        const bool last = n + 1 >= shorter.size();
        const int other = n < shorter.size() ? shorter[n] : 400;
        expect(longer[n] == other || (last && longer[n] >= 400 && other >= 400),
               "packets do not change answers");
    }
}

// A request by RFC 9112 to the letter.
struct StrictRequest {
    std::string method;
    std::string version;
    std::map<std::string, std::string, std::less<>> headers;
    std::size_t hosts = 0;
    std::string body;
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::string_view> take_line(std::string_view& bytes) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    return line;
}

bool read_request_line(std::string_view line, StrictRequest& request) {
    const std::size_t first = line.find(' ');
    const std::size_t second = line.find(' ', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return false;
    request.method = line.substr(0, first);
    request.version = line.substr(second + 1);
    // A target of other bytes is refused, but ends where it ends.
    const bool printable = is_value(line) && line.find('	') == std::string_view::npos;
    return is_token(request.method) && second > first + 1 && printable &&
           (request.version == "HTTP/1.1" || request.version == "HTTP/1.0");
}

bool read_field(std::string_view line, StrictRequest& request) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_value(value)) return false;
    const std::string name = lower(line.substr(0, colon));
    if (name == "host") ++request.hosts;
    const auto [at, fresh] = request.headers.try_emplace(name, value);
    if (!fresh) at->second.append(", ").append(value);
    return true;
}

// The fields up to the empty line. A line that begins with a blank goes on with the one before it
// (RFC 9112, 5.2 lets a server take that for one blank).
bool read_fields(std::string_view& bytes, StrictRequest& request) {
    std::string field;
    for (;;) {
        const auto line = take_line(bytes);
        if (!line) return false;
        if (!field.empty() && (line->starts_with(' ') || line->starts_with('\t'))) {
            field.append(" ").append(trimmed(*line));
            continue;
        }
        if (!field.empty() && !read_field(field, request)) return false;
        if (line->empty()) return true;
        field = *line;
    }
}

std::optional<std::size_t> read_number(std::string_view text, int base) {
    std::size_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

bool read_chunks(std::string_view& bytes, StrictRequest& request) {
    for (;;) {
        const auto line = take_line(bytes);
        if (!line || !is_value(*line)) return false;
        const auto size = read_number(line->substr(0, line->find_first_of("; \t")), 16);
        if (!size || *size > bytes.size()) return false;
        if (*size == 0) break;
        request.body += bytes.substr(0, *size);
        bytes.remove_prefix(*size);
        if (!bytes.starts_with("\r\n")) return false;
        bytes.remove_prefix(2);
    }
    StrictRequest trailers;  // never a part of the head
    return read_fields(bytes, trailers);
}

bool read_body(std::string_view& bytes, StrictRequest& request) {
    const auto length = request.headers.find("content-length");
    const auto coding = request.headers.find("transfer-encoding");
    if (coding != request.headers.end()) {
        const bool alone = length == request.headers.end() && request.version == "HTTP/1.1";
        return alone && lower(coding->second) == "chunked" && read_chunks(bytes, request);
    }
    if (length == request.headers.end()) return true;
    const auto size = read_number(length->second, 10);
    if (!size || *size > bytes.size()) return false;
    request.body = bytes.substr(0, *size);
    bytes.remove_prefix(*size);
    return true;
}

// Takes one request off the front; nothing when there is none, or only a part of one.
std::optional<StrictRequest> take_request(std::string_view& bytes) {
    StrictRequest request;
    const auto line = take_line(bytes);
    if (!line || !read_request_line(*line, request) || !read_fields(bytes, request)) {
        return std::nullopt;
    }
    if (request.hosts > 1 || (request.hosts == 0 && request.version == "HTTP/1.1")) {
        return std::nullopt;
    }
    if (!read_body(bytes, request)) return std::nullopt;
    return request;
}

// The n-th answer is to the n-th request; what is none is refused, and ends the connection.
void expect_strict(std::string_view bytes, const Exchange& exchange, const Answers& answers) {
    std::size_t handled = 0;
    for (std::size_t n = 0; n < answers.statuses.size(); ++n) {
        const auto strict = take_request(bytes);
        if (!strict) {
            expect(answers.statuses[n] != 200, "a request that was handled is one by RFC 9112");
            expect(n + 1 == answers.statuses.size(), "what is no request ends the connection");
            return;
        }
        if (answers.statuses[n] != 200) continue;
        const Request& request = exchange.requests[handled++];
        expect(request.method == strict->method, "a method is what was sent", request.method);
        expect(request.body == strict->body, "a body is what was sent", request.body);
        expect(request.headers == strict->headers, "headers are what was sent");
    }
}

}  // namespace
}  // namespace foldstream::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldstream::fuzz;
    Input input(data, size);
    const std::size_t asked = std::size_t{input.byte()} + 1;
    const std::string_view bytes = input.rest().substr(0, most_bytes);
    const std::size_t piece = std::max(asked, bytes.size() / most_pieces + 1);
    const Exchange whole = said(bytes, most_bytes);
    const Exchange cut = said(bytes, piece);
    const Answers answers = read_answers(whole.answers);
    expect_exchange(whole, answers);
    expect_same(whole, cut);
    expect_same_answers(answers.statuses, read_answers(cut.answers).statuses);
    expect_strict(bytes, whole, answers);
    return 0;
}
