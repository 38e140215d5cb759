#include "common/http/session.hpp"

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/write.hpp>

#include "common/http/request_reader.hpp"
#include "common/http/target.hpp"

namespace foldstream::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds linger_time{1'000};
constexpr std::size_t max_lingered = 1024 * 1024;
// Of a request with a large body, on the average: below it, it is slow.
constexpr std::size_t least_bytes_a_second = 256 * 1024;
// Who takes an answer for longer gives its place to who comes with a large body.
constexpr std::chrono::seconds longest_taking{5};

// Of who has been chosen to go: nobody chooses it again.
const Standing gone(Doing::working, Standing::Time());

// RFC 9110, 5.6.2: what a method is made of.
bool is_token(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Session;

// One request's way to its answer; held by the copies of its Responder. Destroyed unanswered it
// answers 500, so that no client waits for a handler that forgot it.
class Reply {
public:
    Reply(std::shared_ptr<Core> core, std::weak_ptr<Session> session, std::uint64_t serial)
        : core_(std::move(core)), session_(std::move(session)), serial_(serial) {}
    Reply(const Reply&) = delete;
    Reply& operator=(const Reply&) = delete;
    ~Reply();
    void answer(Response response);

private:
    std::shared_ptr<Core> core_;  // shared: the strand must outlive the server while this is held
    std::weak_ptr<Session> session_;
    std::uint64_t serial_;
    std::atomic<bool> answered_{false};
};

// One connection: reads a request, has it answered, writes the answer, reads the next. One request
// at a time, so pipelined ones are answered in order. Everything runs on the socket's strand but
// drain(). A broken connection only ends this object.
//
//   idle -> reading -> answering -> writing -> idle | lingering | closed
//
// Who has to give way to a new connection: idle, and lingering, closes; reading is refused first;
// what has begun to be answered meanwhile is answered, and closes then.
class Session final : public Connection, public std::enable_shared_from_this<Session> {
public:
    Session(Core& core, std::weak_ptr<Core> owner, asio::ip::tcp::socket socket)
        : core_(core),
          owner_(std::move(owner)),
          socket_(std::move(socket)),
          timer_(socket_.get_executor()),
          buffer_(core.options.max_head_bytes + read_ahead) {
        error_code ignored;
        peer_ = socket_.remote_endpoint(ignored).address().to_string();
    }
    ~Session() override;

    void serve() {
        asio::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->next(); });
    }
    void refuse() {
        asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
            Response refusal = problem(503, "overloaded", "too many connections");
            refusal.headers.emplace_back("Retry-After", "1");
            self->respond_and_close(std::move(refusal));
        });
    }
    void drain() override {
        asio::post(socket_.get_executor(), [self = shared_from_this()] {
            if (self->phase_ == Phase::idle) self->close();
        });
    }
    [[nodiscard]] Standing standing() const override { return standing_; }
    bool give_way(Standing standing) override {
        if (!standing_.compare_exchange_strong(standing, gone)) return false;
        {
            const std::lock_guard lock(core_.mutex);
            core_.going += gave_way_ ? 0 : 1;
            gave_way_ = true;
        }
        asio::post(socket_.get_executor(), [self = shared_from_this()] { self->evict(); });
        return true;
    }
    bool give_way_if_slow() override {
        const Standing standing = standing_;
        const auto now = steady_clock::now();
        if (standing.doing() == Doing::taking) {
            return standing.age(now) > longest_taking && give_way(standing);
        }
        if (standing.doing() != Doing::arriving || !standing.may_go(now)) return false;
        const auto due = standing.age(now) * least_bytes_a_second / std::chrono::seconds(1);
        return received_ < static_cast<std::size_t>(due) && give_way(standing);
    }
    void abort() override { close(); }
    void answer_later(std::uint64_t serial, Response response) {
        asio::dispatch(socket_.get_executor(),
                       [self = shared_from_this(), serial, r = std::move(response)]() mutable {
                           self->answer(serial, std::move(r));
                       });
    }

private:
    enum class Phase { idle, reading, answering, writing, lingering, closed };
    static constexpr std::size_t read_ahead = 8 * 1024;
    void enter(Phase phase, Doing doing);
    void evict();
    void give_up_reading();
    // Recursion is bounded: each answer is written asynchronously.
    void next();
    void read_some();
    void on_read(error_code error, std::size_t n);
    void parse();
    [[nodiscard]] bool may_become_head();
    void on_head();
    [[nodiscard]] std::optional<Response> refuse_body();
    [[nodiscard]] Response head_too_large() const;
    [[nodiscard]] Response too_large() const;
    [[nodiscard]] static Response too_slow();
    void on_request();
    void handle(Request request);
    void answer(std::uint64_t serial, Response response);
    void respond_and_close(Response response);
    void write(Response response);
    void on_written(error_code error);
    void linger();
    void linger_some();
    void close();
    void deadline(milliseconds from_now);
    void arm();
    void on_deadline();
    void fail_reading(error_code error);
    [[nodiscard]] Request take_request(Target target);

    Core& core_;
    std::weak_ptr<Core> owner_;
    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    steady_clock::time_point deadline_;
    bool timer_runs_ = false;
    std::atomic<std::size_t> received_{0};  // since the last request
    bool gives_up_ = false;                 // reading: its time is over, or it has to give way
    bool evicted_ = false;
    bool gave_way_ = false;  // guarded by core_.mutex
    std::atomic<Standing> standing_{Standing(Doing::nothing, steady_clock::now())};
    Phase phase_ = Phase::idle;
    bool asked_ = false;  // a request has been answered
    beast::flat_buffer buffer_;
    std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
    bool head_seen_ = false;
    std::size_t head_bytes_ = 0;                         // that the parser has taken
    std::size_t looked_at_ = 0;                          // of those that it has not
    std::optional<beast::http::request_header<>> head_;  // of a request in chunks, without trailers
    std::string peer_;
    std::optional<Target> target_;  // of the request in work: nothing when it is no legal one
    Router::Match match_;
    std::size_t body_limit_ = 0;
    std::unique_ptr<BodyPlace> place_;  // when the route has large bodies
    std::optional<BeastResponse> out_;
    std::uint64_t serial_ = 0;  // of the request in work
    std::string route_;
    std::string method_;
    unsigned version_ = 11;
    bool keep_alive_ = false;
    steady_clock::time_point began_;
    std::size_t lingered_ = 0;
    std::array<char, 4096> waste_{};
};

Reply::~Reply() {
    if (answered_) return;
    core_->log.error("a handler ended without an answer");
    answer(problem(500, "internal", "something went wrong"));
}

void Reply::answer(Response response) {
    if (answered_.exchange(true)) return;
    if (const auto session = session_.lock()) session->answer_later(serial_, std::move(response));
}

Session::~Session() {
    const std::lock_guard lock(core_.mutex);
    // Expired ones compare by owner, so this finds its own.
    core_.connections.erase(weak_from_this());
    --core_.open;
    core_.going -= gave_way_ ? 1 : 0;
    core_.emptied.notify_all();
}

void Session::enter(Phase phase, Doing doing) {
    phase_ = phase;
    standing_ = Standing(doing, steady_clock::now());
}

void Session::next() {
    enter(Phase::idle, asked_ ? Doing::resting : Doing::nothing);
    if (core_.draining || evicted_) return close();
    gives_up_ = false;
    received_ = 0;
    head_seen_ = false;
    head_bytes_ = 0;
    looked_at_ = 0;
    head_.reset();
    route_.clear();
    method_.clear();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(core_.options.max_head_bytes));
    parser_->body_limit(boost::none);  // the route's, once the head is there
    deadline(core_.options.idle_timeout);
    parse();
}

void Session::read_some() {
    const std::size_t room = buffer_.max_size() - buffer_.size();
    if (room == 0) return fail_reading(beast::http::error::buffer_overflow);
    socket_.async_read_some(
        buffer_.prepare(std::min(room, read_ahead)),
        [self = shared_from_this()](error_code error, std::size_t n) { self->on_read(error, n); });
}

void Session::on_read(error_code error, std::size_t n) {
    if (phase_ == Phase::closed) return;
    // Its time may have ended while this was on its way: nobody would look at the clock again.
    if (error || gives_up_) return fail_reading(error);
    buffer_.commit(n);
    received_ += n;
    parse();
}

// Gives the parser what is there; goes on when head or whole request are complete.
void Session::parse() {
    while (buffer_.size() > 0) {
        if (phase_ == Phase::idle) {
            enter(Phase::reading, Doing::arriving);
            deadline(core_.options.request_timeout);
        }
        error_code error;
        const std::size_t taken = parser_->put(buffer_.data(), error);
        buffer_.consume(taken);
        if (!head_seen_) {
            head_bytes_ += taken;
            looked_at_ -= std::min(looked_at_, taken);
            // The parser bounds only what it has not taken when a packet comes.
            if (head_bytes_ > core_.options.max_head_bytes) {
                return fail_reading(beast::http::error::header_limit);
            }
        }
        if (error == beast::http::error::need_more) {
            if (!parser_->is_header_done() && !may_become_head()) {
                return fail_reading(beast::http::error::bad_line_ending);
            }
            break;
        }
        if (error) return fail_reading(error);
        if (parser_->is_header_done() && !head_seen_) return on_head();
        if (parser_->is_done()) return on_request();
    }
    read_some();
}

// Whether what the parser has left of a head may be a part of one: the parser tells only when a
// line is complete, and other protocols do not end theirs as HTTP does.
bool Session::may_become_head() {
    const auto bytes = buffer_.data();
    const std::string_view text(static_cast<const char*>(bytes.data()), bytes.size());
    if (head_bytes_ == 0 && !text.empty() && !is_token(text.front())) return false;
    for (; looked_at_ < text.size(); ++looked_at_) {
        if (text[looked_at_] == '\n' && (looked_at_ == 0 || text[looked_at_ - 1] != '\r')) {
            return false;
        }
    }
    return true;
}

void Session::on_head() {
    head_seen_ = true;
    const BeastRequest& head = parser_->get();
    version_ = head.version() == 10 ? 10 : 11;
    method_ = std::string(head.method_string());
    if (auto refusal = refuse_head(head)) return respond_and_close(std::move(*refusal));
    if (auto refusal = refuse_body()) return respond_and_close(std::move(*refusal));
    if (parser_->is_done()) return on_request();
    if (head.chunked()) head_ = head.base();
    parser_->eager(true);
    if (head[beast::http::field::expect].empty()) return parse();
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(socket_, asio::buffer(go_on),
                      [self = shared_from_this()](error_code error, std::size_t) {
                          if (self->phase_ == Phase::closed) return;
                          if (error) return self->close();
                          if (self->gives_up_) return self->fail_reading(error);
                          self->parse();
                      });
}

// How large a body may be is the route's matter: nothing of it has been read yet.
std::optional<Response> Session::refuse_body() {
    const auto raw = parser_->get().target();
    target_ = parse_target({raw.data(), raw.size()});
    match_ = target_ ? core_.router.find(method_, target_->segments) : Router::Match{};
    const LargeBodies* large = match_.bodies;
    body_limit_ = large != nullptr ? large->max_bytes : core_.options.max_body_bytes;
    const auto length = parser_->content_length();
    if (length && *length > body_limit_) return too_large();
    parser_->body_limit(body_limit_);
    if (large == nullptr) return std::nullopt;
    const std::string route = method_ + " " + match_.pattern;
    place_ = BodyPlace::take(core_, route, large->max_at_once, weak_from_this());
    if (place_) return std::nullopt;
    Response refusal = problem(429, "overloaded", "too many requests of this kind at once");
    refusal.headers.emplace_back("Retry-After", "1");
    return refusal;
}

Response Session::too_slow() {
    return problem(408, "too-slow", "the request did not arrive within the time for it");
}

Response Session::head_too_large() const {
    return problem(431, "too-large",
                   "the head may have " + std::to_string(core_.options.max_head_bytes) + " bytes");
}

Response Session::too_large() const {
    return problem(413, "too-large", "the body may have " + std::to_string(body_limit_) + " bytes");
}

void Session::fail_reading(error_code error) {
    if (gives_up_ && phase_ == Phase::reading) {
        if (!evicted_) return respond_and_close(too_slow());
        Response refusal = problem(503, "overloaded", "this request comes slowly, and others wait");
        refusal.headers.emplace_back("Retry-After", "1");
        return respond_and_close(std::move(refusal));
    }
    if (error == asio::error::eof && phase_ == Phase::reading) {
        return respond_and_close(problem(400, "invalid", "the request ended before it was whole"));
    }
    if (error == beast::http::error::body_limit) {
        return respond_and_close(too_large());
    }
    if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
        return respond_and_close(head_too_large());
    }
    // Not the parser's: the client has gone.
    const error_code parsers = beast::http::make_error_code(beast::http::error::bad_method);
    if (error.category() != parsers.category()) return close();
    respond_and_close(problem(400, "invalid", "not an HTTP/1.1 request: " + error.message()));
}

Request Session::take_request(Target target) {
    BeastRequest message = parser_->release();
    Request request;
    request.method = method_;
    request.peer = peer_;
    request.target = std::string(message.target());
    request.path = std::move(target.path);
    request.query = std::move(target.query);
    // Beast adds what stands behind the last chunk: it must not pass for a header (RFC
    // 9112, 7.1.2).
    for (const auto& header : head_ ? *head_ : message.base()) {
        std::string name(header.name_string());
        for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const auto [at, fresh] = request.headers.try_emplace(name, std::string(header.value()));
        if (!fresh) at->second += ", " + std::string(header.value());
    }
    request.body = std::move(message.body());
    return request;
}

void Session::on_request() {
    enter(Phase::answering, Doing::working);
    began_ = steady_clock::now();
    keep_alive_ = parser_->get().keep_alive();
    if (!target_) {
        return write(problem(400, "invalid", "the request's target is not a legal URL"));
    }
    if (match_.handler == nullptr && match_.allow.empty()) {
        return write(problem(404, "not-found", "there is no such route"));
    }
    if (match_.handler == nullptr) {
        Response refusal = problem(405, "method-not-allowed", "this route has other methods");
        std::string allow;
        for (const std::string& method : match_.allow) {
            allow += (allow.empty() ? "" : ", ") + method;
        }
        refusal.headers.emplace_back("Allow", std::move(allow));
        return write(std::move(refusal));
    }
    handle(take_request(std::move(*target_)));
}

void Session::handle(Request request) {
    const auto owner = owner_.lock();
    if (!owner) return close();
    route_ = match_.pattern;
    request.route = std::move(match_.pattern);
    request.path_values = std::move(match_.values);
    deadline(core_.options.reply_timeout);
    // shared: a Responder is a std::function, and those are copied
    const auto reply = std::make_shared<Reply>(owner, weak_from_this(), ++serial_);
    try {
        (*match_.handler)(std::move(request),
                          [reply](Response response) { reply->answer(std::move(response)); });
    } catch (const std::exception& error) {
        core_.log.error("a handler failed", {{"route", route_}, {"error", error.what()}});
        reply->answer(problem(500, "internal", "something went wrong"));
    }
}

void Session::answer(std::uint64_t serial, Response response) {
    if (phase_ != Phase::answering || serial != serial_) return;
    write(std::move(response));
}

void Session::respond_and_close(Response response) {
    keep_alive_ = false;
    began_ = steady_clock::now();
    write(std::move(response));
}

void Session::write(Response response) {
    enter(Phase::writing, Doing::taking);
    if (core_.draining || evicted_) keep_alive_ = false;
    deadline(core_.options.write_timeout);
    out_.emplace(to_beast(std::move(response), version_, method_ == "HEAD", keep_alive_));
    beast::http::async_write(
        socket_, *out_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_written(error); });
}

void Session::on_written(error_code error) {
    if (phase_ == Phase::closed) return;
    core_.probe.answered(route_, method_, static_cast<int>(out_->result_int()),
                         steady_clock::now() - began_);
    out_.reset();
    place_.reset();
    asked_ = true;
    if (error || (gives_up_ && evicted_)) return close();
    if (keep_alive_) return next();
    linger();
}

// The client may still be sending: a socket closed with bytes unread makes its kernel throw our
// answer away (RFC 9112, 9.6).
void Session::linger() {
    enter(Phase::lingering, Doing::leaving);
    error_code error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) return close();
    deadline(linger_time);
    linger_some();
}

void Session::linger_some() {
    socket_.async_read_some(asio::buffer(waste_),
                            [self = shared_from_this()](error_code error, std::size_t n) {
                                if (self->phase_ == Phase::closed) return;
                                self->lingered_ += n;
                                if (error || self->lingered_ > max_lingered) return self->close();
                                self->linger_some();
                            });
}

// What has moved on since it was chosen is left to end what it does.
void Session::evict() {
    evicted_ = true;
    const bool stood_still = standing_.load() == gone;
    if (phase_ == Phase::idle || phase_ == Phase::lingering) return close();
    if (phase_ == Phase::writing && stood_still) return close();
    if (phase_ == Phase::reading && stood_still) give_up_reading();
}

// The read ends with an error, and is answered there.
void Session::give_up_reading() {
    gives_up_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

void Session::close() {
    enter(Phase::closed, Doing::working);
    place_.reset();
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
}

// One wait runs for many deadlines: it is only begun anew when a deadline comes earlier.
void Session::deadline(milliseconds from_now) {
    deadline_ = steady_clock::now() + from_now;
    if (!timer_runs_ || timer_.expiry() > deadline_) arm();
}

void Session::arm() {
    timer_runs_ = true;
    timer_.expires_at(deadline_);
    timer_.async_wait([self = shared_from_this()](error_code error) {
        if (error || self->phase_ == Phase::closed) return;
        if (steady_clock::now() < self->deadline_) return self->arm();
        self->timer_runs_ = false;
        self->on_deadline();
    });
}

void Session::on_deadline() {
    switch (phase_) {
        case Phase::reading:
            return give_up_reading();
        case Phase::answering:
            ++serial_;  // a late answer is nobody's
            return write(problem(504, "no-answer-in-time", "the answer took too long"));
        case Phase::idle:
        case Phase::writing:
        case Phase::lingering:
        case Phase::closed:
            return close();
    }
}

}  // namespace

void start_connection(const std::shared_ptr<Core>& core, asio::ip::tcp::socket socket,
                      Admission admission) {
    const auto session = std::make_shared<Session>(*core, core, std::move(socket));
    {
        const std::lock_guard lock(core->mutex);
        core->connections.insert(session);
    }
    if (admission == Admission::serve) {
        session->serve();
    } else {
        session->refuse();
    }
}

}  // namespace foldstream::http
