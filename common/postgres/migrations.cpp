#include "common/postgres/migrations.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "common/core/random.hpp"
#include "common/fold/search_plan.hpp"
#include "common/fold/table_plan.hpp"

namespace foldstream::postgres {

namespace {

// Any number that nobody else locks in this database: "foldstrm" as ASCII.
constexpr const char* lock = "SELECT pg_advisory_xact_lock(7381230957405893229)";
constexpr std::size_t secret_bytes = 192;

std::string hex(std::span<const std::uint8_t> bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text.push_back(digits[byte >> 4U]);
        text.push_back(digits[byte & 15U]);
    }
    return text;
}

std::string checksum(std::string_view sql) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(sql.data(), sql.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not to be had from OpenSSL");
    return hex(std::span(digest).first(size));
}

// A secret as bytea's text form; from the kernel, because it keys the digests of every row.
std::string fresh_secret() {
    std::array<std::uint8_t, secret_bytes> bytes{};
    KernelRandom random;
    random.fill(std::as_writable_bytes(std::span(bytes)));
    return "\\x" + hex(bytes);
}

Error refusal(const std::string& what) { return {ErrorKind::deterministic, "", what}; }

// Creates what records the migrations themselves.
void prepare_record(Connection& connection) {
    Transaction transaction(connection);
    (void)transaction.exec(lock);
    if (!transaction.exec("SELECT to_regclass('foldstream.migration')::text").get(0, 0)) {
        (void)transaction.exec("CREATE SCHEMA IF NOT EXISTS foldstream");
        (void)transaction.exec(
            "CREATE TABLE foldstream.migration (number int4 PRIMARY KEY, name text NOT NULL, "
            "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
    }
    transaction.commit();
}

void refuse_newer(Connection& connection, const std::vector<Migration>& migrations) {
    const int last = migrations.empty() ? 0 : migrations.back().number;
    const Result newer =
        connection.exec("SELECT name FROM foldstream.migration WHERE number > $1 ORDER BY number",
                        {std::to_string(last)});
    if (newer.rows() > 0) {
        throw refusal("the database has migration " + newer.text(0, 0) +
                      ", which this binary does not know: use a newer one");
    }
}

// True when it was applied now.
bool apply(Connection& connection, const Migration& migration) {
    Transaction transaction(connection);
    (void)transaction.exec(lock);
    const std::string sum = checksum(migration.sql);
    const std::string number = std::to_string(migration.number);
    const Result known = transaction.exec(
        "SELECT name, checksum FROM foldstream.migration WHERE number = $1", {number});
    if (known.rows() > 0) {
        if (known.text(0, 0) == migration.name && known.text(0, 1) == sum) return false;
        throw refusal("migration " + std::string(migration.name) +
                      " was applied with another content (as " + known.text(0, 0) +
                      "): applied files must never change; add a new one");
    }
    connection.script("SET LOCAL statement_timeout = 0");
    connection.script(std::string(migration.sql));
    connection.script("RESET ROLE");
    (void)transaction.exec(
        "INSERT INTO foldstream.migration (number, name, checksum) VALUES ($1, $2, $3)",
        {number, std::string(migration.name), sum});
    transaction.commit();
    return true;
}

void create_tables(Connection& connection, const fold::Projection& projection) {
    const Generation first(1);
    const fold::TablePlan plan(projection);
    std::vector<std::string> statements = plan.create_table(first);
    statements.push_back(plan.create_view(first));
    if (const auto search = fold::SearchPlan::of(plan)) {
        for (std::string& statement : search->create_table(first))
            statements.push_back(std::move(statement));
        statements.push_back(search->create_view(first));
    }
    for (const fold::RollupType& rollup : projection.rollups) {
        const fold::RollupPlan rollup_plan(plan, rollup);
        for (std::string& statement : rollup_plan.create_table(first))
            statements.push_back(std::move(statement));
        statements.push_back(rollup_plan.create_view(first));
    }
    for (const std::string& statement : statements) (void)connection.exec(statement);
}

// Makes a generation that was made before its read model was searched searchable, in place. True
// when that was due.
bool add_search(Connection& connection, const fold::Projection& projection, Generation generation) {
    const fold::TablePlan plan(projection);
    const auto search = fold::SearchPlan::of(plan);
    if (!search) return false;
    const Result there =
        connection.exec("SELECT to_regclass($1)::text", {search->table(generation)});
    if (there.get(0, 0)) return false;
    (void)connection.exec("SET LOCAL ROLE foldstream_projector");
    (void)connection.exec("SET LOCAL statement_timeout = 0");
    // No row may change between the copy and the commit: from then on every writer knows the table.
    (void)connection.exec("LOCK TABLE " + plan.table(generation) + " IN SHARE MODE");
    for (const std::string& statement : search->create_table(generation))
        (void)connection.exec(statement);
    (void)connection.exec(search->fill(generation));
    (void)connection.exec(search->create_view(generation));
    (void)connection.exec("RESET ROLE");
    return true;
}

// What became of a projection's first generation.
enum class First { created, searchable, current, outdated };

First create_first_generation(Connection& connection, const fold::Projection& projection) {
    Transaction transaction(connection);
    (void)transaction.exec(lock);
    const Result known = transaction.exec(
        "SELECT g.fold_version, g.generation FROM foldstream.projection p JOIN "
        "foldstream.generation g "
        "ON g.projection = p.name AND g.generation = p.active_generation WHERE p.name = $1",
        {projection.name});
    if (known.rows() > 0) {
        if (known.integer(0, 0) != projection.fold_version) return First::outdated;
        const Generation active(static_cast<std::int32_t>(known.integer(0, 1)));
        if (!add_search(connection, projection, active)) return First::current;
        transaction.commit();
        return First::searchable;
    }
    (void)transaction.exec("SET LOCAL ROLE foldstream_projector");
    create_tables(connection, projection);
    (void)transaction.exec("SET LOCAL ROLE foldstream_migrator");
    (void)transaction.exec(
        "INSERT INTO foldstream.generation (projection, generation, fold_version, secret, state) "
        "VALUES ($1, 1, $2, $3, 'active')",
        {projection.name, std::to_string(projection.fold_version), fresh_secret()});
    (void)transaction.exec(
        "INSERT INTO foldstream.projection (name, domain, active_generation) VALUES ($1, $2, 1)",
        {projection.name, projection.domain});
    (void)transaction.exec("RESET ROLE");
    transaction.commit();
    return First::created;
}

std::string who(Connection& connection) noexcept {
    try {
        return connection.exec("SELECT current_user").text(0, 0);
    } catch (const Error&) {
        return "this role";
    }
}

}  // namespace

MigrationReport migrate(Connection& connection, const fold::Registry& registry) {
    return migrate(connection, registry, embedded_migrations());
}

MigrationReport migrate(Connection& connection, const fold::Registry& registry,
                        const std::vector<Migration>& migrations) {
    MigrationReport report;
    try {
        prepare_record(connection);
        refuse_newer(connection, migrations);
        for (const Migration& migration : migrations) {
            if (apply(connection, migration)) report.applied.emplace_back(migration.name);
        }
        for (const auto& domain : registry.domains()) {
            for (const auto& projection : domain->projections) {
                const First first = create_first_generation(connection, *projection);
                if (first == First::created) report.created.push_back(projection->name + " g1");
                if (first == First::searchable)
                    report.created.push_back(fold::search_table_name(projection->name));
                if (first == First::outdated) report.outdated.push_back(projection->name);
            }
        }
    } catch (const Error& error) {
        if (error.sqlstate() != "42501") throw;
        throw Error(ErrorKind::deterministic, error.sqlstate(),
                    "migrating needs more rights than " + who(connection) +
                        " has: the first time a superuser (roles and schemas are made), afterwards "
                        "foldstream_migrator. " +
                        error.what());
    }
    return report;
}

}  // namespace foldstream::postgres
