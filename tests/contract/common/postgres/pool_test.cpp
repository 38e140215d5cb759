#include "common/postgres/pool.hpp"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "tests/contract/common/postgres/test_database.hpp"

namespace foldstream::postgres {
namespace {

using namespace std::chrono_literals;

class PostgresPool : public ::testing::Test {
protected:
    static std::string pid(Connection& connection) {
        return connection.exec("SELECT pg_backend_pid()").text(0, 0);
    }
    template <typename Call>
    static ErrorKind kind(Call call) {
        try {
            call();
        } catch (const Error& error) {
            return error.kind();
        }
        ADD_FAILURE() << "nothing failed";
        return ErrorKind::deterministic;
    }
    foldstream::testing::TestDatabase database_;
};

TEST_F(PostgresPool, never_lends_more_than_its_size) {
    Pool pool(database_.settings(), 2);
    auto first = pool.acquire(0ms);
    std::optional<Pool::Lease> second(pool.acquire(0ms));
    EXPECT_EQ(kind([&] { (void)pool.acquire(10ms); }), ErrorKind::retry);
    EXPECT_EQ(pool.busy(), 2U);

    // Whoever waits gets the one that is given back.
    const std::string given_back = pid(**second);
    auto waiting = std::async(std::launch::async, [&] {
        auto lease = pool.acquire(30s);
        return pid(*lease);
    });
    second.reset();
    EXPECT_EQ(waiting.get(), given_back);
    EXPECT_EQ(pool.busy(), 1U);
}

TEST_F(PostgresPool, rolls_back_what_a_borrower_left_open) {
    Pool pool(database_.settings(), 1);
    database_.connect().script("CREATE TABLE t (a int)");
    {
        auto lease = pool.acquire(0ms);
        lease->begin();
        lease->exec("INSERT INTO t VALUES (1)");
    }
    EXPECT_EQ(pool.query("SELECT count(*) FROM t", {}, 0ms).integer(0, 0), 0);
}

TEST_F(PostgresPool, throws_broken_connections_away_and_reads_once_more) {
    Pool pool(database_.settings(), 2);
    std::string one;
    std::string two;
    {
        auto first = pool.acquire(0ms);
        auto second = pool.acquire(0ms);
        one = pid(*first);
        two = pid(*second);
    }
    database_.terminate(one);
    database_.terminate(two);
    const std::string now = pool.query("SELECT pg_backend_pid()", {}, 0ms).text(0, 0);
    EXPECT_NE(now, one);
    EXPECT_NE(now, two);
    EXPECT_EQ(pool.busy(), 0U);
}

TEST_F(PostgresPool, fails_at_once_while_the_server_is_down_and_loses_no_place) {
    ConnectionSettings settings = database_.settings();
    settings.url = "postgresql://nobody@127.0.0.1:1/none";
    Pool pool(settings, 1);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(kind([&] { (void)pool.acquire(0ms); }), ErrorKind::lost);
    EXPECT_EQ(pool.busy(), 0U);
}

}  // namespace
}  // namespace foldstream::postgres
