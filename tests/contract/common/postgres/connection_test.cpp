#include "common/postgres/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "tests/contract/common/postgres/test_database.hpp"

namespace foldstream::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PostgresConnection : public ::testing::Test {
protected:
    // The failure of a call that must fail.
    template <typename Call>
    static Error failure(Call call) {
        try {
            call();
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "nothing failed";
        return {ErrorKind::deterministic, "", "nothing failed"};
    }
    static std::string pid(Connection& connection) {
        return connection.exec("SELECT pg_backend_pid()").text(0, 0);
    }

    foldstream::testing::TestDatabase database_;
};

// Accepts nothing and answers nothing: what a frozen server looks like.
class SilentServer {
public:
    SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(socket_, 8), 0);
        socklen_t size = sizeof address;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~SilentServer() { ::close(socket_); }
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;
    [[nodiscard]] std::string port() const { return std::to_string(port_); }

private:
    int socket_;
    int port_ = 0;
};

TEST_F(PostgresConnection, sends_binary_parameters_as_they_are) {
    Connection connection = database_.connect();
    const std::string number("\0\0\0\0\0\0\1\2", 8);
    const std::string bytes("a\0\xff", 3);
    const Result result =
        connection.exec("SELECT $1::int8, encode($2::bytea, 'hex'), $3::text IS NULL, $4::text",
                        {number, bytes, std::nullopt, ""}, Format::binary);
    EXPECT_EQ(result.integer(0, 0), 258);
    EXPECT_EQ(result.text(0, 1), "6100ff");
    EXPECT_EQ(result.text(0, 2), "t");
    EXPECT_EQ(result.get(0, 3), "");
    // The same statement with text, and one of a wrong length.
    const std::string twice = "SELECT 2 * $1::int8";
    EXPECT_EQ(connection.exec(twice, {"21"}).integer(0, 0), 42);
    EXPECT_EQ(connection.exec(twice, {number}, Format::binary).integer(0, 0), 516);
    for (const std::string& length : {number + "9", number.substr(1)}) {
        const Error wrong =
            failure([&] { (void)connection.exec(twice, {length}, Format::binary); });
        EXPECT_EQ(wrong.kind(), ErrorKind::deterministic) << wrong.sqlstate();
        EXPECT_FALSE(connection.broken());
    }
}

TEST_F(PostgresConnection, gives_back_what_it_was_given_whatever_the_characters) {
    Connection connection = database_.connect();
    const std::string nasty = "a'b\"c\\d{,}\n\t%s $1 NULL \xf0\x9f\xa6\x89 \x01";
    const Result result = connection.exec("SELECT $1::text, $2::text, $3::int8",
                                          {nasty, std::nullopt, "-9223372036854775808"});
    EXPECT_EQ(result.get(0, 0), nasty);
    EXPECT_EQ(result.get(0, 1), std::nullopt);
    EXPECT_EQ(result.text(0, 1), "");
    EXPECT_EQ(result.integer(0, 2), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(failure([&] { (void)result.integer(0, 0); }).kind(), ErrorKind::deterministic);
    EXPECT_EQ(failure([&] { (void)result.integer(0, 1); }).kind(), ErrorKind::deterministic);
}

TEST_F(PostgresConnection, refuses_a_parameter_with_a_nul_instead_of_cutting_it) {
    Connection connection = database_.connect();
    const Error error =
        failure([&] { connection.exec("SELECT $1::text", {std::string("a\0b", 3)}); });
    EXPECT_EQ(error.kind(), ErrorKind::deterministic);
    EXPECT_EQ(connection.exec("SELECT 1").integer(0, 0), 1);
}

TEST_F(PostgresConnection, reads_the_same_text_whatever_the_servers_defaults) {
    database_.connect().script(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kathmandu''', "
        "current_database()); EXECUTE format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', "
        "current_database()); EXECUTE format('ALTER DATABASE %I SET bytea_output = ''escape''', "
        "current_database()); END $$");
    Connection connection = database_.connect();
    const Result result = connection.exec(
        "SELECT timestamptz '2026-01-21 10:30:00.123456+00', '\\x00ff'::bytea, 0.1::float8");
    EXPECT_EQ(result.text(0, 0), "2026-01-21 10:30:00.123456+00");
    EXPECT_EQ(result.text(0, 1), "\\x00ff");
    EXPECT_EQ(result.text(0, 2), "0.1");
}

TEST_F(PostgresConnection, waits_for_the_disk_only_when_it_was_asked_to) {
    ConnectionSettings settings = database_.settings();
    EXPECT_EQ(Connection(settings).exec("SHOW synchronous_commit").text(0, 0), "on");
    settings.synchronous_commit = false;
    EXPECT_EQ(Connection(settings).exec("SHOW synchronous_commit").text(0, 0), "off");
}

TEST_F(PostgresConnection, says_deterministic_when_the_database_does_not_exist) {
    ConnectionSettings settings = database_.settings();
    settings.url = foldstream::testing::with_database(settings.url, "no_such_database");
    const Error error = failure([&] { Connection{settings}; });
    EXPECT_EQ(error.kind(), ErrorKind::deterministic);
    EXPECT_EQ(error.sqlstate(), "3D000");
}

TEST_F(PostgresConnection, says_lost_when_nobody_listens_and_never_shows_the_password) {
    ConnectionSettings settings;
    settings.url = "postgresql://user:hunter2hunter2@127.0.0.1:1/db";
    const Error error = failure([&] { Connection{settings}; });
    EXPECT_EQ(error.kind(), ErrorKind::lost);
    EXPECT_THAT(error.what(), Not(HasSubstr("hunter2")));
}

TEST_F(PostgresConnection, says_lost_when_the_server_does_not_answer_in_time) {
    const SilentServer server;
    ConnectionSettings settings;
    settings.url = "postgresql://user@127.0.0.1:" + server.port() + "/db";
    settings.connect_timeout = std::chrono::milliseconds(200);
    EXPECT_EQ(failure([&] { Connection{settings}; }).kind(), ErrorKind::lost);
}

TEST_F(PostgresConnection, shows_no_part_of_a_password_that_breaks_the_url) {
    for (const char* url :
         {"postgresql://user:hun/ter2@host/db", "postgresql://user:hun@ter2@host/db",
          "postgresql://user:ter2%zz@host/db", "password=hunter2 ter2 host=x",
          "host=x port=ter2 password=ter2", "ter2"}) {
        ConnectionSettings settings;
        settings.url = url;
        settings.connect_timeout = std::chrono::milliseconds(200);
        const Error error = failure([&] { Connection{settings}; });
        EXPECT_EQ(error.kind(), ErrorKind::deterministic) << url;
        EXPECT_THAT(error.what(), Not(HasSubstr("ter2"))) << url;
        EXPECT_THAT(error.what(), Not(HasSubstr("hun"))) << url;
    }
}

TEST_F(PostgresConnection, rolls_a_transaction_back_that_was_not_committed) {
    Connection connection = database_.connect();
    connection.script("CREATE TABLE t (i int)");
    {
        Transaction transaction(connection);
        EXPECT_EQ(transaction.exec("INSERT INTO t VALUES (1), (2)").affected(), 2U);
        EXPECT_TRUE(connection.in_transaction());
    }
    EXPECT_FALSE(connection.in_transaction());
    Transaction transaction(connection);
    transaction.exec("INSERT INTO t VALUES (3)");
    transaction.commit();
    EXPECT_EQ(connection.exec("SELECT sum(i) FROM t").integer(0, 0), 3);
}

TEST_F(PostgresConnection, never_reports_a_failed_transaction_as_committed) {
    Connection connection = database_.connect();
    connection.begin();
    EXPECT_EQ(failure([&] { connection.exec("SELECT 1/0"); }).sqlstate(), "22012");
    const Error error = failure([&] { connection.commit(); });
    EXPECT_EQ(error.kind(), ErrorKind::deterministic);
    EXPECT_EQ(connection.exec("SELECT 1").integer(0, 0), 1);
}

TEST_F(PostgresConnection, does_what_was_posted_in_order_and_before_whatever_comes_next) {
    Connection connection = database_.connect();
    connection.script("CREATE TABLE t (i int)");
    Transaction transaction(connection);
    for (const char* i : {"1", "2", "3"}) transaction.post("INSERT INTO t VALUES ($1)", {i});
    EXPECT_EQ(transaction.exec("SELECT string_agg(i::text, '') FROM t").text(0, 0), "123");
    transaction.post("DELETE FROM t WHERE i = $1", {"2"});
    transaction.commit();
    EXPECT_EQ(connection.exec("SELECT sum(i) FROM t").integer(0, 0), 4);
}

TEST_F(PostgresConnection, throws_what_was_wrong_with_a_posted_statement_from_the_next_call) {
    Connection connection = database_.connect();
    connection.script("CREATE TABLE t (i int)");
    const std::string insert = "INSERT INTO t VALUES (10 / $1::int)";
    for (const bool in_commit : {false, true}) {
        Transaction transaction(connection);
        transaction.post(insert, {"1"});
        transaction.post(insert, {"0"});
        const Error error = failure([&] {
            if (in_commit) transaction.commit();
            transaction.exec("SELECT 1");
        });
        EXPECT_EQ(error.sqlstate(), "22012");
        EXPECT_EQ(error.kind(), ErrorKind::deterministic);
    }
    EXPECT_FALSE(connection.in_transaction());
    EXPECT_EQ(connection.exec("SELECT count(*) FROM t").integer(0, 0), 0);
}

TEST_F(PostgresConnection, rolls_back_what_was_posted_and_not_answered_yet) {
    Connection connection = database_.connect();
    connection.script("CREATE TABLE t (i int)");
    for (const char* divisor : {"1", "0"}) {
        Transaction transaction(connection);
        transaction.post("INSERT INTO t VALUES (10 / $1::int)", {divisor});
    }
    EXPECT_EQ(connection.exec("SELECT count(*) FROM t").integer(0, 0), 0);
}

TEST_F(PostgresConnection, prepares_a_posted_statement_again_in_the_next_transaction) {
    Connection connection = database_.connect();
    connection.script("CREATE TABLE t (i int)");
    const std::string insert = "INSERT INTO t VALUES ($1)";
    connection.begin();
    connection.post(insert, {"1"});
    connection.commit();
    connection.exec("DEALLOCATE ALL");
    connection.begin();
    connection.post(insert, {"2"});
    EXPECT_EQ(failure([&] { connection.commit(); }).kind(), ErrorKind::retry);
    EXPECT_FALSE(connection.in_transaction());
    connection.begin();
    connection.post(insert, {"3"});
    connection.commit();
    EXPECT_EQ(connection.exec("SELECT sum(i) FROM t").integer(0, 0), 4);
}

TEST_F(PostgresConnection, is_lost_and_not_in_doubt_when_it_breaks_with_a_posted_statement) {
    Connection connection = database_.connect();
    connection.script("CREATE TABLE t (i int)");
    const std::string server = pid(connection);
    connection.begin();
    connection.post("INSERT INTO t SELECT i FROM pg_sleep(600), (VALUES ($1::int)) AS v (i)",
                    {"1"});
    database_.terminate(server);
    EXPECT_EQ(failure([&] { connection.commit(); }).kind(), ErrorKind::lost);
    EXPECT_TRUE(connection.broken());
    EXPECT_FALSE(connection.in_transaction());
}

TEST_F(PostgresConnection, prepares_again_when_a_statements_result_type_has_changed) {
    Connection connection = database_.connect();
    connection.script("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    EXPECT_EQ(connection.exec("SELECT * FROM t").columns(), 1U);
    connection.script("ALTER TABLE t ADD COLUMN b text");
    EXPECT_EQ(connection.exec("SELECT * FROM t").columns(), 2U);

    connection.script("ALTER TABLE t ADD COLUMN c text");
    connection.begin();
    const Error error = failure([&] { connection.exec("SELECT * FROM t"); });
    EXPECT_EQ(error.kind(), ErrorKind::retry);
    connection.rollback();
    connection.begin();
    EXPECT_EQ(connection.exec("SELECT * FROM t").columns(), 3U);
    connection.commit();
}

TEST_F(PostgresConnection, repeats_what_is_truly_unsupported_not) {
    Connection connection = database_.connect();
    connection.script("CREATE TABLE t (a int)");
    const Error error =
        failure([&] { connection.exec("SELECT count(*) FROM t GROUP BY a FOR UPDATE"); });
    EXPECT_EQ(error.sqlstate(), "0A000");
    EXPECT_EQ(error.kind(), ErrorKind::deterministic);
}

TEST_F(PostgresConnection, keeps_at_most_256_statements_prepared) {
    Connection connection = database_.connect();
    for (int i = 0; i < 300; ++i)
        EXPECT_EQ(connection.exec("SELECT " + std::to_string(i)).integer(0, 0), i);
    const std::string count = "SELECT count(*) FROM pg_prepared_statements";
    EXPECT_EQ(connection.exec(count).integer(0, 0), 256);
    EXPECT_EQ(connection.exec("SELECT 0").integer(0, 0), 0);
    EXPECT_EQ(connection.exec("SELECT 299").integer(0, 0), 299);
    EXPECT_EQ(connection.exec(count).integer(0, 0), 256);
}

TEST_F(PostgresConnection, goes_on_when_a_pooler_has_thrown_its_statements_away) {
    Connection connection = database_.connect();
    EXPECT_EQ(connection.exec("SELECT 7").integer(0, 0), 7);
    connection.exec("DEALLOCATE ALL");
    EXPECT_EQ(connection.exec("SELECT 7").integer(0, 0), 7);
}

TEST_F(PostgresConnection, is_lost_when_the_server_ends_it_inside_a_transaction) {
    Connection connection = database_.connect();
    connection.begin();
    database_.terminate(pid(connection));
    EXPECT_EQ(failure([&] { connection.exec("SELECT 1"); }).kind(), ErrorKind::lost);
    EXPECT_TRUE(connection.broken());
    connection.rollback();
    EXPECT_EQ(failure([&] { connection.exec("SELECT 1"); }).kind(), ErrorKind::lost);
    EXPECT_EQ(failure([&] { connection.begin(); }).kind(), ErrorKind::lost);
}

TEST_F(PostgresConnection, is_in_doubt_when_the_server_ends_it_inside_the_commit) {
    Connection connection = database_.connect();
    connection.script(
        "CREATE TABLE t (a int);"
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()");
    connection.begin();
    connection.exec("INSERT INTO t VALUES (1)");
    EXPECT_EQ(failure([&] { connection.commit(); }).kind(), ErrorKind::in_doubt);
    EXPECT_TRUE(connection.broken());

    // A writing statement of its own commits too; a reading one leaves nothing to doubt.
    Connection alone = database_.connect();
    EXPECT_EQ(failure([&] { alone.exec("INSERT INTO t VALUES (1)"); }).kind(), ErrorKind::in_doubt);
    Connection reading = database_.connect();
    EXPECT_EQ(
        failure([&] { reading.exec("SELECT pg_terminate_backend(pg_backend_pid())"); }).kind(),
        ErrorKind::lost);
}

TEST_F(PostgresConnection, says_retry_when_time_or_a_lock_ran_out_and_stays_usable) {
    ConnectionSettings settings = database_.settings();
    settings.statement_timeout = std::chrono::milliseconds(50);
    Connection connection(settings);
    EXPECT_EQ(failure([&] { connection.exec("SELECT pg_sleep(5)"); }).kind(), ErrorKind::retry);

    Connection holder = database_.connect();
    holder.script("CREATE TABLE t (a int)");
    holder.begin();
    holder.exec("LOCK TABLE t");
    connection.exec("SET lock_timeout = 10");
    const Error error = failure([&] { connection.exec("SELECT * FROM t"); });
    EXPECT_EQ(error.sqlstate(), "55P03");
    EXPECT_EQ(error.kind(), ErrorKind::retry);
    EXPECT_FALSE(connection.broken());
}

TEST_F(PostgresConnection, says_retry_to_the_victim_of_a_deadlock) {
    Connection first = database_.connect();
    Connection second = database_.connect();
    first.script("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    first.begin();
    second.begin();
    first.exec("SELECT a FROM t WHERE a = 1 FOR UPDATE");
    second.exec("SELECT a FROM t WHERE a = 2 FOR UPDATE");
    const auto cross = [](Connection& connection, const char* sql) -> std::string {
        try {
            connection.exec(sql);
            connection.commit();
            return "committed";
        } catch (const Error& error) {
            connection.rollback();
            return error.kind() == ErrorKind::retry ? error.sqlstate() : "wrong kind";
        }
    };
    auto other = std::async(std::launch::async,
                            [&] { return cross(first, "SELECT a FROM t WHERE a = 2 FOR UPDATE"); });
    const std::string mine = cross(second, "SELECT a FROM t WHERE a = 1 FOR UPDATE");
    EXPECT_THAT((std::vector<std::string>{mine, other.get()}),
                ::testing::UnorderedElementsAre("committed", "40P01"));
}

TEST_F(PostgresConnection, writes_nothing_in_a_read_only_session) {
    ConnectionSettings settings = database_.settings();
    settings.read_only = true;
    Connection connection(settings);
    const Error error = failure([&] { connection.exec("CREATE TABLE t (a int)"); });
    EXPECT_EQ(error.sqlstate(), "25006");
    EXPECT_EQ(error.kind(), ErrorKind::deterministic);
    EXPECT_FALSE(connection.broken());
}

}  // namespace
}  // namespace foldstream::postgres
