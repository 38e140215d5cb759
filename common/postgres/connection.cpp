#include "common/postgres/connection.hpp"

#include <cassert>
#include <cctype>
#include <charconv>
#include <list>
#include <unordered_map>
#include <utility>

#include "common/postgres/wire.hpp"

namespace foldstream::postgres {

namespace {

constexpr std::size_t max_statements = 256;
// A script is a migration: it may rewrite tables.
constexpr std::chrono::milliseconds script_limit{std::chrono::hours(1)};

// The statement's first word, upper case.
std::string first_word(std::string_view sql) {
    std::string word;
    for (const char c : sql) {
        const auto letter = static_cast<unsigned char>(c);
        if (std::isalpha(letter) != 0) {
            word.push_back(static_cast<char>(std::toupper(letter)));
        } else if (!word.empty() || c == '(') {
            break;
        }
    }
    return word;
}

bool worth_preparing(const std::string& word) {
    return word == "SELECT" || word == "INSERT" || word == "UPDATE" || word == "DELETE" ||
           word == "WITH";
}

// The plan's result type changed, or the server does not know the statement.
bool must_be_prepared_again(const Error& error) {
    return (error.sqlstate() == "0A000" && error.kind() == ErrorKind::retry) ||
           error.sqlstate() == "26000";
}

// Which prepared statement stands for a text; forgets the one used longest ago beyond the bound.
class StatementCache {
public:
    // Empty when there is none.
    [[nodiscard]] std::string find(const std::string& sql) {
        const auto found = by_text_.find(sql);
        if (found == by_text_.end()) return {};
        used_.splice(used_.begin(), used_, found->second);
        return found->second->name;
    }
    [[nodiscard]] std::string new_name() { return "foldstream_" + std::to_string(++counter_); }
    void add(const std::string& sql, const std::string& name) {
        used_.push_front({sql, name});
        by_text_[sql] = used_.begin();
    }
    // The name to deallocate; empty when it was not there.
    std::string forget(const std::string& sql) {
        const auto found = by_text_.find(sql);
        if (found == by_text_.end()) return {};
        std::string name = found->second->name;
        used_.erase(found->second);
        by_text_.erase(found);
        return name;
    }
    // Text of the statement that must go before another one is added; empty when there is room.
    [[nodiscard]] std::string surplus() const {
        return used_.size() < max_statements ? std::string() : used_.back().sql;
    }

private:
    struct Kept {
        std::string sql;
        std::string name;
    };
    std::list<Kept> used_;  // the latest first
    std::unordered_map<std::string, std::list<Kept>::iterator> by_text_;
    std::uint64_t counter_ = 0;
};

}  // namespace

struct Result::Impl {
    ResultHandle handle;
};

std::size_t Result::rows() const {
    return static_cast<std::size_t>(PQntuples(impl_->handle.get()));
}

std::size_t Result::columns() const {
    return static_cast<std::size_t>(PQnfields(impl_->handle.get()));
}

std::optional<std::string_view> Result::get(std::size_t row, std::size_t column) const {
    assert(row < rows() && column < columns());
    const PGresult* result = impl_->handle.get();
    const int r = static_cast<int>(row);
    const int c = static_cast<int>(column);
    if (PQgetisnull(result, r, c) == 1) return std::nullopt;
    return std::string_view(PQgetvalue(result, r, c),
                            static_cast<std::size_t>(PQgetlength(result, r, c)));
}

std::int64_t Result::integer(std::size_t row, std::size_t column) const {
    const auto text = get(row, column);
    std::int64_t value = 0;
    if (text) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (error == std::errc() && end == text->data() + text->size()) return value;
    }
    throw Error(ErrorKind::deterministic, "22P02",
                "column " + std::to_string(column) + " of a result is no integer");
}

std::string Result::text(std::size_t row, std::size_t column) const {
    return std::string(get(row, column).value_or(std::string_view()));
}

std::size_t Result::affected() const {
    const std::string_view count = PQcmdTuples(impl_->handle.get());
    std::size_t value = 0;
    std::from_chars(count.data(), count.data() + count.size(), value);
    return value;
}

struct Connection::Impl {
    explicit Impl(const ConnectionSettings& settings) : wire(settings) {}

    Wire wire;
    StatementCache statements;
    bool open = false;   // a transaction
    std::string posted;  // what was sent without waiting for its answer; empty: nothing

    // Takes the answer to what was posted. Whatever comes between a call and the server does it
    // first.
    void settle() {
        if (posted.empty()) return;
        const std::string sql = std::exchange(posted, {});
        try {
            (void)wire.receive(Phase::transaction);
        } catch (const Error& error) {
            fail_in_transaction(sql, error);
        }
    }
    // The table behind the statement was replaced (a swap of generations), or a pooler threw the
    // statement away: everything is lost anyway, the caller repeats all of it, and finds the
    // statement forgotten.
    [[noreturn]] void fail_in_transaction(const std::string& sql, const Error& error) {
        if (!must_be_prepared_again(error)) throw error;
        (void)statements.forget(sql);
        throw Error(ErrorKind::retry, error.sqlstate(), error.what());
    }

    [[nodiscard]] Phase phase_of(const std::string& word) const {
        if (open) return Phase::transaction;
        return word == "SELECT" ? Phase::read : Phase::alone;
    }
    std::string prepared(const std::string& sql, Phase phase) {
        std::string name = statements.find(sql);
        if (!name.empty()) return name;
        if (const std::string surplus = statements.surplus(); !surplus.empty())
            (void)wire.run("DEALLOCATE " + statements.forget(surplus), {}, phase);
        name = statements.new_name();
        (void)wire.prepare(name, sql, phase);
        statements.add(sql, name);
        return name;
    }
};

Connection::Connection(ConnectionSettings settings) : impl_(std::make_unique<Impl>(settings)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Result Connection::exec(const std::string& sql, const Params& params, Format format) {
    const std::string word = first_word(sql);
    const Phase phase = impl_->phase_of(word);
    if (broken()) throw Error(ErrorKind::lost, "", "the connection to Postgres was lost before");
    impl_->settle();
    const auto wrap = [](ResultHandle handle) {
        return Result(std::make_shared<const Result::Impl>(Result::Impl{std::move(handle)}));
    };
    if (!worth_preparing(word)) {
        assert(format == Format::text);
        return wrap(impl_->wire.run(sql, params, phase));
    }
    bool known = false;
    const auto run = [&] {
        return wrap(impl_->wire.run_prepared(impl_->prepared(sql, phase), params, format, phase));
    };
    try {
        return run();
    } catch (const Error& error) {
        if (impl_->open) impl_->fail_in_transaction(sql, error);
        if (!must_be_prepared_again(error)) throw;
        known = error.sqlstate() != "26000";
    }
    if (impl_->wire.dead()) throw Error(ErrorKind::lost, "", "the connection to Postgres is lost");
    const std::string name = impl_->statements.forget(sql);
    if (known) (void)impl_->wire.run("DEALLOCATE " + name, {}, phase);
    return run();
}

void Connection::post(const std::string& sql, const Params& params, Format format) {
    assert(impl_->open);
    if (broken()) throw Error(ErrorKind::lost, "", "the connection to Postgres was lost before");
    impl_->settle();
    impl_->wire.send_prepared(impl_->prepared(sql, Phase::transaction), params, format,
                              Phase::transaction);
    impl_->posted = sql;
}

void Connection::script(const std::string& sql) {
    if (broken()) throw Error(ErrorKind::lost, "", "the connection to Postgres was lost before");
    impl_->settle();
    (void)impl_->wire.script(sql, impl_->open ? Phase::transaction : Phase::alone, script_limit);
}

void Connection::begin() {
    assert(!impl_->open);
    if (broken()) throw Error(ErrorKind::lost, "", "the connection to Postgres was lost before");
    (void)impl_->wire.run("BEGIN ISOLATION LEVEL READ COMMITTED", {}, Phase::transaction);
    impl_->open = true;
}

void Connection::commit() {
    assert(impl_->open);
    if (broken()) {
        impl_->open = false;
        throw Error(ErrorKind::lost, "", "the connection to Postgres was lost before the commit");
    }
    try {
        impl_->settle();
    } catch (...) {
        rollback();
        throw;
    }
    impl_->open = false;
    const ResultHandle result = impl_->wire.run("COMMIT", {}, Phase::commit);
    if (std::string_view(PQcmdStatus(result.get())) == "ROLLBACK") {
        throw Error(ErrorKind::deterministic, "25P02",
                    "a transaction in which a statement had failed cannot be committed");
    }
}

void Connection::rollback() noexcept {
    if (!impl_ || !impl_->open) return;
    impl_->open = false;
    if (broken()) return;
    try {
        impl_->settle();
    } catch (...) {
        // It failed: another reason to roll back.
    }
    if (broken()) return;
    try {
        (void)impl_->wire.run("ROLLBACK", {}, Phase::transaction);
    } catch (...) {
        // The wire is dead then, and says so in broken().
    }
}

bool Connection::in_transaction() const { return impl_->open; }

bool Connection::broken() const { return impl_->wire.dead(); }

}  // namespace foldstream::postgres
