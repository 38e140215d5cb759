#include "common/postgres/migrations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "common/core/uuid.hpp"
#include "foldstream/orders/v1/rows.pb.h"
#include "tests/contract/common/postgres/test_database.hpp"

namespace foldstream::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A registry with one projection, as far as migrations look at it.
std::unique_ptr<fold::Registry> small_registry(std::int32_t fold_version = 1) {
    const auto& row = orders::v1::OrderRow::default_instance();
    auto projection = std::make_unique<fold::Projection>();
    projection->name = "orders";
    projection->domain = "small";
    projection->fold_version = fold_version;
    projection->row_prototype = &row;
    projection->project = [](std::unique_ptr<fold::Message> before, const fold::EventType&,
                             const fold::Message&, const fold::Meta&) { return before; };
    projection->options = row.GetDescriptor()->options().GetExtension(v1::row);
    auto module = std::make_unique<fold::DomainModule>();
    module->name = "small";
    module->space = domain_namespace("small");
    module->state.initial = std::make_shared<const int>(0);
    module->state.encode = [](const fold::State&) { return std::string(); };
    module->state.decode = [](std::string_view) { return std::optional<fold::State>(); };
    module->projections.push_back(std::move(projection));
    std::vector<std::unique_ptr<fold::DomainModule>> domains;
    domains.push_back(std::move(module));
    return std::make_unique<fold::Registry>(std::move(domains));
}

class Migrations : public ::testing::Test {
protected:
    template <typename Call>
    static std::string refusal(Call call) {
        try {
            call();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::deterministic);
            return error.what();
        }
        ADD_FAILURE() << "nothing failed";
        return "";
    }
    foldstream::testing::TestDatabase database_;
    std::unique_ptr<fold::Registry> registry_ = small_registry();
};

TEST_F(Migrations, apply_once_and_make_the_first_generation) {
    Connection connection = database_.connect();
    const MigrationReport first = migrate(connection, *registry_);
    EXPECT_THAT(first.applied, ElementsAre("0001_platform", "0002_digest_vector"));
    EXPECT_THAT(first.created, ElementsAre("orders g1"));
    const MigrationReport second = migrate(connection, *registry_);
    EXPECT_THAT(second.applied, IsEmpty());
    EXPECT_THAT(second.created, IsEmpty());
    EXPECT_THAT(second.outdated, IsEmpty());
    EXPECT_EQ(connection.exec("SELECT count(*) FROM read.orders").integer(0, 0), 0);
    EXPECT_EQ(connection.exec("SELECT tableowner FROM pg_tables WHERE tablename = 'orders_g1'")
                  .text(0, 0),
              "foldstream_projector");
    EXPECT_EQ(connection.exec("SELECT current_user = session_user").text(0, 0), "t");
}

TEST_F(Migrations, say_which_projection_needs_a_rebuild) {
    Connection connection = database_.connect();
    migrate(connection, *registry_);
    EXPECT_THAT(migrate(connection, *small_registry(2)).outdated, ElementsAre("orders"));
}

TEST_F(Migrations, make_a_generation_searchable_that_was_made_without) {
    Connection connection = database_.connect();
    migrate(connection, *registry_);
    EXPECT_EQ(connection.exec("SELECT count(*) FROM read.orders_search").integer(0, 0), 0);
    connection.script("DROP VIEW read.orders_search; DROP TABLE read_gen.orders_search_g1");
    connection.exec(
        "INSERT INTO read_gen.orders_g1 SELECT 'o' || n, 'c', 'Ann O''Neil', 'ann' || n || "
        "'@example.org', 'paid', 'USD', 1, 1, '[]', 'Elm Street', '', '', '', 1, now(), now(), 0, "
        "0, 1, 1, '\\x00' FROM generate_series(1, 50) n");
    connection.exec("SET SESSION AUTHORIZATION foldstream_migrator");
    EXPECT_THAT(migrate(connection, *registry_).created, ElementsAre("orders_search"));
    EXPECT_THAT(migrate(connection, *registry_).created, IsEmpty());
    connection.exec("RESET SESSION AUTHORIZATION");
    EXPECT_EQ(connection
                  .exec("SELECT count(*) FROM read.orders_search WHERE words @@ "
                        "to_tsquery('simple', 'neil & ann:* & example')")
                  .integer(0, 0),
              50);
    EXPECT_EQ(
        connection.exec("SELECT tableowner FROM pg_tables WHERE tablename = 'orders_search_g1'")
            .text(0, 0),
        "foldstream_projector");
    connection.exec("SET SESSION AUTHORIZATION foldstream_query");
    EXPECT_EQ(connection.exec("SELECT count(*) FROM read.orders_search").integer(0, 0), 50);
}

TEST_F(Migrations, started_twice_at_once_do_their_work_once) {
    const auto run = [&] {
        Connection connection = database_.connect();
        return migrate(connection, *registry_).applied.size();
    };
    auto other = std::async(std::launch::async, run);
    EXPECT_EQ(run() + other.get(), embedded_migrations().size());
}

TEST_F(Migrations, refuse_a_file_that_changed_after_it_was_applied) {
    Connection connection = database_.connect();
    std::vector<Migration> files = {{1, "0001_first", "CREATE TABLE foldstream.a (i int)"}};
    fold::Registry empty({});
    migrate(connection, empty, files);
    files[0].sql = "CREATE TABLE foldstream.a (i int8)";
    EXPECT_THAT(refusal([&] { migrate(connection, empty, files); }), HasSubstr("0001_first"));
}

TEST_F(Migrations, refuse_a_database_that_is_newer) {
    Connection connection = database_.connect();
    std::vector<Migration> files = {{1, "0001_first", "SELECT 1"}, {2, "0002_second", "SELECT 2"}};
    fold::Registry empty({});
    migrate(connection, empty, files);
    files.pop_back();
    EXPECT_THAT(refusal([&] { migrate(connection, empty, files); }), HasSubstr("0002_second"));
}

TEST_F(Migrations, leave_nothing_of_a_file_that_failed) {
    Connection connection = database_.connect();
    std::vector<Migration> files = {
        {1, "0001_first", "CREATE TABLE foldstream.a (i int); SELECT 1/0"}};
    fold::Registry empty({});
    refusal([&] { migrate(connection, empty, files); });
    EXPECT_EQ(connection.exec("SELECT to_regclass('foldstream.a')").get(0, 0), std::nullopt);
    files[0].sql = "CREATE TABLE foldstream.a (i int)";
    EXPECT_THAT(migrate(connection, empty, files).applied, ElementsAre("0001_first"));
}

TEST_F(Migrations, say_plainly_which_rights_are_missing) {
    database_.connect().script(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'foldstream_test_nobody') "
        "THEN CREATE ROLE foldstream_test_nobody; END IF; END $$");
    Connection connection = database_.connect();
    connection.exec("SET ROLE foldstream_test_nobody");
    EXPECT_THAT(refusal([&] { migrate(connection, *registry_); }),
                ::testing::AllOf(HasSubstr("foldstream_test_nobody"), HasSubstr("superuser")));
}

TEST_F(Migrations, can_be_run_by_the_migrator_after_the_first_time) {
    Connection connection = database_.connect();
    fold::Registry empty({});
    migrate(connection, empty);
    connection.exec("SET SESSION AUTHORIZATION foldstream_migrator");
    EXPECT_THAT(migrate(connection, *registry_).created, ElementsAre("orders g1"));
}

TEST_F(Migrations, give_each_role_what_it_needs_and_no_more) {
    Connection connection = database_.connect();
    migrate(connection, *registry_);
    const auto may = [&](const char* role, const std::string& sql) {
        connection.begin();
        connection.exec(std::string("SET LOCAL ROLE ") + role);
        bool allowed = true;
        try {
            connection.exec(sql);
        } catch (const Error& error) {
            EXPECT_EQ(error.sqlstate(), "42501") << sql;
            allowed = false;
        }
        connection.rollback();
        return allowed;
    };
    for (const char* role : {"foldstream_query", "foldstream_checker"}) {
        EXPECT_TRUE(may(role, "SELECT * FROM read.orders"));
        EXPECT_TRUE(may(role, "SELECT * FROM read_gen.orders_g1"));
        EXPECT_TRUE(may(role, "SELECT * FROM foldstream.checkpoint"));
        EXPECT_TRUE(may(role, "SELECT fold_version, state FROM foldstream.generation"));
        EXPECT_FALSE(may(role, "DELETE FROM read_gen.orders_g1"));
        EXPECT_FALSE(may(role, "UPDATE foldstream.checkpoint SET owner = 'me'"));
    }
    EXPECT_FALSE(may("foldstream_query", "SELECT secret FROM foldstream.generation"));
    EXPECT_TRUE(may("foldstream_checker", "SELECT secret FROM foldstream.generation"));
    EXPECT_TRUE(may("foldstream_projector", "SELECT secret FROM foldstream.generation"));
    EXPECT_TRUE(may("foldstream_projector", "UPDATE foldstream.checkpoint SET owner = 'me'"));
    EXPECT_TRUE(may("foldstream_projector", "DELETE FROM read_gen.orders_g1"));
    EXPECT_FALSE(may("foldstream_projector", "UPDATE foldstream.generation SET fold_version = 9"));
    EXPECT_FALSE(may("foldstream_projector", "DELETE FROM foldstream.migration"));
}

}  // namespace
}  // namespace foldstream::postgres
