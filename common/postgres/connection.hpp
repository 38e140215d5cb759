// Postgres behind values: statements with parameters, errors that say whether to retry and
// what to turn. libpq stays inside this folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::postgres {

enum class ErrorKind {
    retry,  // serialization, deadlock, lock time-out, server going down: the same transaction again
    lost,   // the connection is gone; nothing of the transaction has landed
    in_doubt,       // the connection broke in the commit: read back what landed
    deterministic,  // the same statement would fail again
};

// Secrets never stand in what().
class Error : public std::runtime_error {
public:
    Error(ErrorKind kind, std::string sqlstate, const std::string& what)
        : std::runtime_error(what), kind_(kind), sqlstate_(std::move(sqlstate)) {}
    [[nodiscard]] ErrorKind kind() const { return kind_; }
    // Five characters, or empty when the server did not say.
    [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }

private:
    ErrorKind kind_;
    std::string sqlstate_;
};

// nullopt = NULL.
using Param = std::optional<std::string>;
using Params = std::vector<Param>;
// What all parameters of a statement are. Binary ones are what the types' receive functions read:
// the statement must say the type of each ($1::int8[]).
enum class Format { text, binary };

// Text values of a statement's rows; shared, so copies are cheap. Views live as long as any copy.
class Result {
public:
    struct Impl;
    explicit Result(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
    [[nodiscard]] std::size_t rows() const;
    [[nodiscard]] std::size_t columns() const;
    [[nodiscard]] std::optional<std::string_view> get(std::size_t row, std::size_t column) const;
    // The integer there. Throws Error(deterministic) when it is NULL or none.
    [[nodiscard]] std::int64_t integer(std::size_t row, std::size_t column) const;
    [[nodiscard]] std::string text(std::size_t row, std::size_t column) const;  // NULL = empty
    // Rows that INSERT, UPDATE or DELETE touched.
    [[nodiscard]] std::size_t affected() const;

private:
    std::shared_ptr<const Impl> impl_;  // shared: libpq's result is copied nowhere
};

// Empty, or why no server can be reached by this URL; never quotes it.
std::string why_not_a_url(const std::string& url);

struct ConnectionSettings {
    std::string url;  // postgresql://… or keyword form
    std::string application_name;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds statement_timeout{60'000};
    std::chrono::milliseconds idle_in_transaction_timeout{60'000};
    // false: SET synchronous_commit=off for the session (what a crash loses is folded again).
    bool synchronous_commit = true;
    bool read_only = false;
};

// One thread at a time. Connects at construction (throws Error lost, or deterministic for a wrong
// password or database). Never reconnects by itself: a broken one stays broken.
class Connection {
public:
    explicit Connection(ConnectionSettings settings);
    ~Connection();
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;

    // One statement in a transaction of its own; prepared and kept by its text (at most 256 of
    // them; a changed result type is prepared again once).
    // Binary parameters only for SELECT, INSERT, UPDATE, DELETE, WITH.
    Result exec(const std::string& sql, const Params& params = {}, Format format = Format::text);
    // exec for a statement whose answer nobody needs, inside a transaction: returns once it is
    // sent, so that the caller can make the next one while the server works. Its answer is taken by
    // the next call of any function here, which throws what was wrong with it.
    void post(const std::string& sql, const Params& params, Format format = Format::text);
    // Several statements without parameters, as one script (migrations).
    void script(const std::string& sql);

    void begin();  // READ COMMITTED
    // After it failed with in_doubt the connection is broken.
    void commit();
    // Never throws; a broken connection stays broken.
    void rollback() noexcept;
    [[nodiscard]] bool in_transaction() const;
    [[nodiscard]] bool broken() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// A transaction that rolls back unless commit() was called. exec goes through the connection.
class Transaction {
public:
    explicit Transaction(Connection& connection) : connection_(&connection) { connection.begin(); }
    ~Transaction() {
        if (connection_ != nullptr) connection_->rollback();
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Result exec(const std::string& sql, const Params& params = {}, Format format = Format::text) {
        return connection_->exec(sql, params, format);
    }
    void post(const std::string& sql, const Params& params, Format format = Format::text) {
        connection_->post(sql, params, format);
    }
    void commit() {
        Connection* connection = connection_;
        connection_ = nullptr;
        connection->commit();
    }

private:
    Connection* connection_;
};

}  // namespace foldstream::postgres
