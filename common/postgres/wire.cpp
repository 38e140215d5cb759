#include "common/postgres/wire.hpp"

#include <poll.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <new>
#include <string_view>

namespace foldstream::postgres {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What the server may need beyond its own statement_timeout to say that the time is over.
constexpr milliseconds grace{5'000};
constexpr milliseconds without_limit{std::chrono::hours(24)};
constexpr std::size_t longest_message = 0x3fff'ffff;

struct FreeOptions {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

// The password of the URL. Throws when the URL is not one: libpq's own sentence could quote a part
// of the password, so it is never shown.
std::string password_of(const std::string& url) {
    char* why = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> options(
        PQconninfoParse(url.c_str(), &why));
    PQfreemem(why);
    const auto refuse = [](const char* what) {
        throw Error(ErrorKind::deterministic, "",
                    std::string("the Postgres URL cannot be used: ") + what);
    };
    if (!options)
        refuse("it is neither postgresql://user@host:port/database nor keyword=value form");
    std::string password;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string_view keyword = option->keyword;
        const std::string_view value = option->val;
        if (keyword == "password") password = value;
        if (keyword == "host" && value.find('@') != std::string_view::npos)
            refuse("special characters in user or password must be percent-encoded");
        const bool numeric = std::all_of(value.begin(), value.end(), [](unsigned char c) {
            return std::isdigit(c) != 0 || c == ',';
        });
        if (keyword == "port" && !numeric)
            refuse("the port is no number (is the password percent-encoded?)");
    }
    return password;
}

std::string milliseconds_text(milliseconds time) { return std::to_string(time.count()); }

// Parameters as libpq wants them.
class ParamPointers {
public:
    explicit ParamPointers(const Params& params, Format format = Format::text)
        : formats_(params.size(), format == Format::binary ? 1 : 0) {
        pointers_.reserve(params.size());
        lengths_.reserve(params.size());
        for (const Param& param : params) {
            // A value of 2 GiB the server refuses anyway, but its length must not come out wrong.
            if (param && param->size() > longest_message) {
                throw Error(ErrorKind::deterministic, "54000",
                            "a parameter is longer than a message to Postgres can be");
            }
            lengths_.push_back(param ? static_cast<int>(param->size()) : 0);
            if (format == Format::text && param && param->find('\0') != std::string::npos) {
                throw Error(ErrorKind::deterministic, "22021",
                            "a parameter has the character U+0000, which Postgres cannot keep");
            }
            pointers_.push_back(param ? param->c_str() : nullptr);
        }
    }
    [[nodiscard]] int count() const { return static_cast<int>(pointers_.size()); }
    [[nodiscard]] const char* const* data() const { return pointers_.data(); }
    // Of binary ones.
    [[nodiscard]] const int* lengths() const { return lengths_.data(); }
    [[nodiscard]] const int* formats() const { return formats_.data(); }

private:
    std::vector<const char*> pointers_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

}  // namespace

std::string why_not_a_url(const std::string& url) {
    try {
        (void)password_of(url);
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

Wire::Wire(const ConnectionSettings& settings)
    : secret_(password_of(settings.url)),
      answer_timeout_(settings.statement_timeout.count() > 0 ? settings.statement_timeout + grace
                                                             : without_limit),
      read_only_(settings.read_only) {
    connect(settings);
    set_up(settings);
}

void Wire::connect(const ConnectionSettings& settings) {
    const std::vector<const char*> keys = {"dbname",
                                           "application_name",
                                           "client_encoding",
                                           "keepalives_idle",
                                           "keepalives_interval",
                                           "keepalives_count",
                                           "tcp_user_timeout",
                                           nullptr};
    const std::string name = settings.application_name;
    const std::string user_timeout = milliseconds_text(std::max(answer_timeout_ / 2, grace));
    const std::vector<const char*> values = {
        settings.url.c_str(), name.c_str(), "UTF8", "10", "5", "3", user_timeout.c_str(), nullptr};
    connection_.reset(PQconnectStartParams(keys.data(), values.data(), 1));
    if (!connection_) throw std::bad_alloc();
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);  // the only way to a SQLSTATE here
    if (PQstatus(connection_.get()) == CONNECTION_BAD)
        fail_connect(PQerrorMessage(connection_.get()));

    const Deadline until = steady_clock::now() + settings.connect_timeout;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
        if (!wait(status == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
            fail_connect("no answer within " + milliseconds_text(settings.connect_timeout) + " ms");
        status = PQconnectPoll(connection_.get());
        if (status == PGRES_POLLING_FAILED) fail_connect(PQerrorMessage(connection_.get()));
    }
    PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
    if (PQsetnonblocking(connection_.get(), 1) != 0)
        fail_connect(PQerrorMessage(connection_.get()));
}

void Wire::fail_connect(const std::string& message) {
    const std::string state = sqlstate_in(message);
    const ErrorKind kind = kind_of(state, Phase::connect, true);
    std::string text = message.substr(0, message.find("\nLOCATION:"));
    throw Error(kind, state, "cannot connect to Postgres: " + presentable(text, secret_));
}

void Wire::set_up(const ConnectionSettings& settings) {
    std::string sql =
        "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601';"
        "SET bytea_output = 'hex'; SET extra_float_digits = 1; SET standard_conforming_strings = "
        "on; SET default_transaction_isolation = 'read committed';";
    sql += "SET statement_timeout = " + milliseconds_text(settings.statement_timeout) + ";";
    sql += "SET idle_in_transaction_session_timeout = " +
           milliseconds_text(settings.idle_in_transaction_timeout) + ";";
    sql += std::string("SET synchronous_commit = ") + (settings.synchronous_commit ? "on" : "off") +
           ";";
    sql += std::string("SET default_transaction_read_only = ") +
           (settings.read_only ? "on" : "off") + ";";
    script(sql, Phase::connect, settings.connect_timeout + grace);
}

bool Wire::dead() const { return dead_ || PQstatus(connection_.get()) != CONNECTION_OK; }

Wire::Deadline Wire::deadline() const { return steady_clock::now() + answer_timeout_; }

bool Wire::wait(short events, Deadline until) const {
    while (true) {
        const auto left =
            std::chrono::duration_cast<milliseconds>(until - steady_clock::now()).count();
        if (left <= 0) return false;
        pollfd entry{PQsocket(connection_.get()), events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::min<long>(left, 60'000)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

bool Wire::flush(Deadline until) {
    while (true) {
        const int left = PQflush(connection_.get());
        if (left <= 0) return left == 0;
        // The server may want to be read before it reads on.
        if (!wait(POLLIN | POLLOUT, until)) return false;
        if (PQconsumeInput(connection_.get()) == 0) return false;
    }
}

ResultHandle Wire::finish(bool sent, Deadline until, Phase phase) {
    if (!sent || !flush(until)) fail_dead(phase, "the statement could not be sent");
    return answer(until, phase);
}

ResultHandle Wire::answer(Deadline until, Phase phase) {
    ResultHandle last;
    bool failed = false;
    while (true) {
        while (PQisBusy(connection_.get()) == 1) {
            if (!wait(POLLIN, until)) fail_dead(phase, "no answer in time");
            if (PQconsumeInput(connection_.get()) == 0)
                fail_dead(phase, "the server closed the connection");
        }
        ResultHandle next(PQgetResult(connection_.get()));
        if (!next) break;
        const ExecStatusType status = PQresultStatus(next.get());
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
            fail_dead(phase, "COPY is not served here");
        if (failed) continue;
        failed =
            status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
        last = std::move(next);
    }
    if (!last) fail_dead(phase, "no answer");
    return checked(std::move(last), phase);
}

void Wire::fail_dead(Phase phase, const char* why) {
    dead_ = true;
    std::string text = std::string("the connection to Postgres is lost: ") + why;
    const std::string said = presentable(PQerrorMessage(connection_.get()), secret_);
    if (!said.empty()) text += " (" + said + ")";
    throw Error(kind_of("", phase, true), "", text);
}

ResultHandle Wire::checked(ResultHandle result, Phase phase) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
        return result;
    const auto field = [&](int code) -> std::string {
        const char* text = PQresultErrorField(result.get(), code);
        return text == nullptr ? "" : text;
    };
    const std::string state = field(PG_DIAG_SQLSTATE);
    const std::string severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
    // 25006 in a session that may write: the server has become a standby.
    if (severity == "FATAL" || severity == "PANIC" || (state == "25006" && !read_only_))
        dead_ = true;
    std::string text = field(PG_DIAG_MESSAGE_PRIMARY);
    if (text.empty()) text = PQresultErrorMessage(result.get());
    ErrorKind kind = kind_of(state, phase, dead());
    // "cached plan must not change result type", whatever the server's language; other features
    // that are not supported stay unsupported.
    if (state == "0A000" && field(PG_DIAG_SOURCE_FUNCTION) != "RevalidateCachedQuery")
        kind = ErrorKind::deterministic;
    throw Error(
        kind, state,
        "Postgres says" + (state.empty() ? "" : " " + state) + ": " + presentable(text, secret_));
}

ResultHandle Wire::run(const std::string& sql, const Params& params, Phase phase) {
    const ParamPointers pointers(params);
    const bool sent = PQsendQueryParams(connection_.get(), sql.c_str(), pointers.count(), nullptr,
                                        pointers.data(), nullptr, nullptr, 0) == 1;
    return finish(sent, deadline(), phase);
}

ResultHandle Wire::prepare(const std::string& name, const std::string& sql, Phase phase) {
    const bool sent = PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr) == 1;
    return finish(sent, deadline(), phase);
}

ResultHandle Wire::run_prepared(const std::string& name, const Params& params, Format format,
                                Phase phase) {
    const ParamPointers pointers(params, format);
    const bool sent =
        PQsendQueryPrepared(connection_.get(), name.c_str(), pointers.count(), pointers.data(),
                            pointers.lengths(), pointers.formats(), 0) == 1;
    return finish(sent, deadline(), phase);
}

void Wire::send_prepared(const std::string& name, const Params& params, Format format,
                         Phase phase) {
    const ParamPointers pointers(params, format);
    sent_until_ = deadline();
    const bool sent =
        PQsendQueryPrepared(connection_.get(), name.c_str(), pointers.count(), pointers.data(),
                            pointers.lengths(), pointers.formats(), 0) == 1;
    if (!sent || !flush(sent_until_)) fail_dead(phase, "the statement could not be sent");
}

ResultHandle Wire::receive(Phase phase) { return answer(sent_until_, phase); }

ResultHandle Wire::script(const std::string& sql, Phase phase, milliseconds at_most) {
    const bool sent = PQsendQuery(connection_.get(), sql.c_str()) == 1;
    return finish(sent, steady_clock::now() + at_most, phase);
}

}  // namespace foldstream::postgres
