#include "common/http/forwarder.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <deque>
#include <thread>

#include "common/http/request_reader.hpp"
#include "common/runtime/json_text.hpp"
#include "common/runtime/log.hpp"

namespace foldstream::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using beast::http::field;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// To read a refusal that came before the request was read to its end.
constexpr milliseconds early_refusal{500};

// Of one connection, not of the message (RFC 9110, 7.6.1), and what the sender writes itself.
bool of_the_connection(std::string_view name) {
    static constexpr std::array<std::string_view, 13> names{
        "connection", "keep-alive",        "proxy-connection", "te",
        "trailer",    "transfer-encoding", "upgrade",          "proxy-authenticate",
        "host",       "content-length",    "expect",           "proxy-authorization",
        "date"};
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view known) { return beast::iequals(known, name); });
}

BeastRequest to_beast(Request request, const std::string& host) {
    BeastRequest out;
    out.version(11);
    out.method_string(request.method);
    out.target(request.target);
    for (const auto& [name, value] : request.headers) {
        if (!of_the_connection(name) && name != "x-forwarded-for") out.insert(name, value);
    }
    out.set(field::host, host);
    std::string from(request.header("x-forwarded-for").value_or(""));
    if (!request.peer.empty()) from += (from.empty() ? "" : ", ") + request.peer;
    if (!from.empty()) out.set("X-Forwarded-For", from);
    out.keep_alive(true);
    out.body() = std::move(request.body);
    out.prepare_payload();
    return out;
}

Response to_ours(BeastResponse message) {
    Response response;
    response.status = static_cast<int>(message.result_int());
    response.content_type = std::string(message[field::content_type]);
    for (const auto& header : message) {
        const std::string name(header.name_string());
        if (header.name() == field::content_type || of_the_connection(name)) continue;
        response.headers.emplace_back(name, std::string(header.value()));
    }
    response.body = std::move(message.body());
    return response;
}

}  // namespace

// All but forward() runs on its one thread.
struct Forwarder::Impl {
    class Exchange;
    struct Idle {
        std::unique_ptr<beast::tcp_stream> stream;
        steady_clock::time_point since;
    };

    explicit Impl(const ForwardOptions& o)
        : options(o), host(o.to.host + ":" + std::to_string(o.to.port)), work(io.get_executor()) {
        thread = std::thread([this] { io.run(); });
    }
    ~Impl() {
        io.stop();
        thread.join();
    }

    // The one used last, as long as it lives; null: none.
    std::unique_ptr<beast::tcp_stream> take_idle() {
        while (!idle.empty()) {
            Idle last = std::move(idle.back());
            idle.pop_back();
            if (steady_clock::now() - last.since > options.keep_idle) {
                idle.clear();  // the others are older
                break;
            }
            // Something to read where nothing was asked: the other side has closed.
            std::array<char, 1> byte{};
            error_code error;
            tcp::socket& socket = last.stream->socket();
            socket.non_blocking(true, error);
            socket.receive(asio::buffer(byte), tcp::socket::message_peek, error);
            if (error == asio::error::would_block) return std::move(last.stream);
        }
        return nullptr;
    }
    void keep(std::unique_ptr<beast::tcp_stream> stream) {
        stream->expires_never();
        if (idle.size() >= options.max_idle) idle.pop_front();
        idle.push_back({std::move(stream), steady_clock::now()});
    }

    ForwardOptions options;
    std::string host;
    runtime::Logger log{"forwarder"};
    asio::io_context io;
    std::deque<Idle> idle;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::thread thread;
};

// One request's way there and back.
class Forwarder::Impl::Exchange : public std::enable_shared_from_this<Exchange> {
public:
    Exchange(Impl& owner, Request request, Responder respond)
        : owner_(owner),
          key_(request.header("idempotency-key").value_or("")),
          request_(to_beast(std::move(request), owner.host)),
          respond_(std::move(respond)),
          resolver_(owner.io) {}

    void start() {
        deadline_ = steady_clock::now() + owner_.options.answer_timeout;
        stream_ = owner_.take_idle();
        reused_ = stream_ != nullptr;
        if (reused_) return write();
        connect();
    }

private:
    void connect() {
        reused_ = false;
        stream_ = std::make_unique<beast::tcp_stream>(owner_.io);
        const Authority& to = owner_.options.to;
        resolver_.async_resolve(
            to.host, std::to_string(to.port),
            [self = shared_from_this()](error_code error, const tcp::resolver::results_type& at) {
                if (error) return self->unreachable(error);
                self->stream_->expires_after(self->owner_.options.connect_timeout);
                self->stream_->async_connect(
                    at, [self](error_code failed, const tcp::endpoint& /*which one*/) {
                        if (failed) return self->unreachable(failed);
                        error_code ignored;
                        self->stream_->socket().set_option(tcp::no_delay(true), ignored);
                        self->write();
                    });
            });
    }

    void write() {
        stream_->expires_at(deadline_);
        parser_.emplace();
        parser_->body_limit(owner_.options.max_answer_bytes);
        buffer_.clear();
        beast::http::async_write(*stream_, request_,
                                 [self = shared_from_this()](error_code error, std::size_t) {
                                     if (error) self->stream_->expires_after(early_refusal);
                                     self->read();
                                 });
    }

    void read() {
        beast::http::async_read(*stream_, buffer_, *parser_,
                                [self = shared_from_this()](error_code error, std::size_t) {
                                    if (error) return self->broken(error);
                                    self->done();
                                });
    }

    void done() {
        const bool keep = parser_->get().keep_alive() && buffer_.size() == 0;
        respond_(to_ours(parser_->release()));
        if (keep) owner_.keep(std::move(stream_));
    }

    void unreachable(const error_code& error) {
        owner_.log.warning("cannot be reached", {{"to", owner_.host}, {"error", error.message()}});
        Response response = problem(503, "unavailable", "commands cannot be taken at the moment");
        response.headers.emplace_back("Retry-After", "1");
        respond_(std::move(response));
    }

    void broken(const error_code& error) {
        const bool answered = parser_->got_some();
        if (reused_ && !answered && !key_.empty() && error != beast::error::timeout) {
            return connect();
        }
        owner_.log.warning("did not answer", {{"to", owner_.host}, {"error", error.message()}});
        std::vector<std::pair<std::string, std::string>> extra;
        if (!key_.empty()) extra.emplace_back("commandId", runtime::json_text(key_));
        respond_(problem(504, "outcome-unknown",
                         "the command may have been taken: its answer did not come", extra));
    }

    Impl& owner_;
    std::string key_;
    BeastRequest request_;
    Responder respond_;
    tcp::resolver resolver_;
    std::unique_ptr<beast::tcp_stream> stream_;
    std::optional<beast::http::response_parser<beast::http::string_body>> parser_;
    beast::flat_buffer buffer_;
    steady_clock::time_point deadline_;
    bool reused_ = false;
};

std::optional<Authority> parse_authority(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) return std::nullopt;
    url.remove_prefix(scheme.size());
    if (url.ends_with('/')) url.remove_suffix(1);
    Authority authority;
    const std::size_t bracket = url.rfind(']');  // of an IPv6 address
    const std::size_t colon = url.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        const std::string_view port = url.substr(colon + 1);
        const auto read = std::from_chars(port.data(), port.data() + port.size(), authority.port);
        if (read.ec != std::errc() || read.ptr != port.data() + port.size()) return std::nullopt;
    }
    std::string_view host = url.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty() || authority.port == 0 ||
        host.find_first_of("/?#@[] ") != std::string_view::npos) {
        return std::nullopt;
    }
    authority.host = std::string(host);
    return authority;
}

Forwarder::Forwarder(const ForwardOptions& options) : impl_(std::make_unique<Impl>(options)) {}

Forwarder::~Forwarder() = default;

void Forwarder::forward(Request request, Responder respond) {
    // shared: what an asynchronous operation's handler holds
    auto exchange =
        std::make_shared<Impl::Exchange>(*impl_, std::move(request), std::move(respond));
    asio::post(impl_->io, [exchange = std::move(exchange)] { exchange->start(); });
}

}  // namespace foldstream::http
