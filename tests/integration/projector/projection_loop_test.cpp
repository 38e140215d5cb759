// Projection loops as they run in the process, against a real Kafka and a real Postgres.
#include "projector/projection_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/kafka/admin.hpp"
#include "common/kafka/producer.hpp"
#include "common/kafka/topics.hpp"
#include "domains/orders/module.hpp"
#include "tests/contract/common/kafka/broker.hpp"
#include "tests/contract/projector/orders_database.hpp"
#include "tests/contract/projector/random_log.hpp"

namespace foldstream::projector {
namespace {

using namespace std::chrono_literals;
using foldstream::testing::created;
using foldstream::testing::folded;
using foldstream::testing::LogMaker;
using foldstream::testing::OrdersDatabase;
using foldstream::testing::random_log;
using ::testing::HasSubstr;

constexpr int partitions = 4;

// The orders domain under a name of its own, so that its topic is nobody else's.
std::unique_ptr<fold::Registry> registry_named(const std::string& name) {
    auto module = orders::make_module();
    module->name = name;
    module->commands.clear();
    module->queries.clear();
    for (auto& projection : module->projections) projection->domain = name;
    std::vector<std::unique_ptr<fold::DomainModule>> domains;
    domains.push_back(std::move(module));
    return std::make_unique<fold::Registry>(std::move(domains));
}

// What a projector process is, within this one.
class Process {
public:
    Process(OrdersDatabase& db, const kafka::Settings& kafka, const std::string& name)
        : appliers_(settings(db), 2),
          loop_(db.domain, db.projection, options(db, kafka, name), appliers_, metrics_) {
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~Process() {
        loop_.drain();
        thread_.join();
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ProjectionLoop* operator->() { return &loop_; }
    [[nodiscard]] std::string metrics() const { return metrics_.exposition(); }

private:
    static postgres::ConnectionSettings settings(const OrdersDatabase& db) {
        auto settings = db.database.settings();
        settings.application_name = "victim";
        settings.synchronous_commit = false;
        return settings;
    }
    static LoopOptions options(const OrdersDatabase& db, const kafka::Settings& kafka,
                               const std::string& name) {
        LoopOptions options;
        options.kafka = kafka;
        options.postgres = db.database.settings();
        options.instance = name;
        options.batch_events = 50;
        return options;
    }
    runtime::Metrics metrics_;
    AppliersPool appliers_;
    ProjectionLoop loop_;
    std::thread thread_;
};

class Loop : public kafka::BrokerTest {
protected:
    void SetUp() override {
        kafka::BrokerTest::SetUp();
        for (int p = 0; p < partitions; ++p) {
            logs_.push_back(random_log(static_cast<std::uint64_t>(p) + 50, p));
            written_.push_back(Offset(0));
        }
    }
    void create_topic() {
        kafka::Admin admin(settings_);
        for (const auto& spec : kafka::domain_topics(name_, partitions, 1)) {
            if (spec.name != topic_) continue;
            EXPECT_TRUE(admin.create(spec));
        }
    }
    // Writes what the logs have beyond what was written, up to `most` records each.
    void write(std::int64_t most = 1'000'000) {
        kafka::Wakeup wakeup;
        kafka::Producer producer(
            settings_, {topic_}, {}, [](const kafka::DeliveryReport&) {}, wakeup);
        for (std::size_t p = 0; p < logs_.size(); ++p) {
            for (auto left = most; left > 0 && written_[p] < logs_[p].end(); --left) {
                const auto record = logs_[p].at(written_[p]);
                ASSERT_EQ(producer.produce(topic_, Partition(static_cast<std::int32_t>(p)),
                                           std::nullopt, record.value, {}, 0),
                          kafka::Produced::queued);
                ++written_[p].value;
            }
        }
        ASSERT_TRUE(producer.flush(30'000));
    }
    // Every partition that is not `but` has been read to the written end.
    bool all_seen(int but = -1) {
        for (std::size_t p = 0; p < logs_.size(); ++p) {
            if (static_cast<int>(p) == but) continue;
            const auto row = connection_.exec(
                "SELECT seen_offset FROM foldstream.checkpoint WHERE partition = $1",
                {std::to_string(p)});
            if (row.rows() == 0 || row.integer(0, 0) < written_[p].value) return false;
        }
        return true;
    }
    void expect_tables_equal_the_logs() {
        std::map<std::string, std::string> expected;
        for (std::size_t p = 0; p < logs_.size(); ++p)
            expected.merge(folded(db_.projection, db_.domain, logs_[p],
                                  Partition(static_cast<std::int32_t>(p))));
        EXPECT_EQ(db_.rows(), expected);
        db_.expect_rollups_equal_group_by();
        db_.expect_digests_equal_the_rows();
        db_.expect_search_equals_the_rows();
    }
    void kill_sessions() {
        connection_.exec(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE "
            "application_name = 'victim' AND datname = current_database()");
    }

    const std::string name_ = kafka::random_name("orders");
    const std::string topic_ = kafka::events_topic(name_);
    std::unique_ptr<fold::Registry> registry_ = registry_named(name_);
    OrdersDatabase db_{*registry_, name_};
    postgres::Connection connection_ = db_.database.connect();
    std::vector<LogMaker> logs_;
    std::vector<Offset> written_;
};

TEST_F(Loop, folds_the_log_into_the_tables_and_is_ready_and_without_lag) {
    create_topic();
    write();
    Process process(db_, settings_, "one");
    ASSERT_TRUE(eventually([&] { return all_seen(); })) << process->why_not_ready();
    expect_tables_equal_the_logs();
    EXPECT_TRUE(eventually([&] { return process->why_not_ready().empty(); }))
        << process->why_not_ready();
    EXPECT_EQ(process->why_not_alive(), "");
    EXPECT_THAT(process.metrics(),
                HasSubstr("foldstream_projection_lag_seconds{projection=\"orders\"} 0"));
    EXPECT_THAT(process.metrics(),
                HasSubstr("foldstream_ignored_records_total{reason=\"foreign\"}"));
}

TEST_F(Loop, waits_for_what_is_not_there_yet_and_says_for_what) {
    Process process(db_, settings_, "one");
    ASSERT_TRUE(eventually(
        [&] { return process->why_not_ready().find("topics apply") != std::string::npos; }));
    EXPECT_EQ(process->why_not_alive(), "");
    create_topic();
    write();
    EXPECT_TRUE(eventually([&] { return all_seen(); })) << process->why_not_ready();
}

TEST_F(Loop, goes_on_exactly_where_it_was_when_sessions_are_killed_and_processes_replaced) {
    create_topic();
    auto process = std::make_unique<Process>(db_, settings_, "one");
    for (int round = 0; round < 6; ++round) {
        write(25);
        if (round % 2 == 0) {
            ASSERT_TRUE(eventually([&] { return all_seen(); })) << (*process)->why_not_ready();
        }
        kill_sessions();
        if (round % 3 == 2) {
            process.reset();
            process = std::make_unique<Process>(db_, settings_, "after " + std::to_string(round));
        }
    }
    write();
    ASSERT_TRUE(eventually([&] { return all_seen(); })) << (*process)->why_not_ready();
    expect_tables_equal_the_logs();
}

TEST_F(Loop, shares_partitions_with_another_process_and_takes_over_what_it_leaves) {
    create_topic();
    auto first = std::make_unique<Process>(db_, settings_, "first");
    write(30);
    ASSERT_TRUE(eventually([&] { return all_seen(); }));
    Process second(db_, settings_, "second");
    const auto owners = [&] {
        return connection_.exec("SELECT count(DISTINCT owner) FROM foldstream.checkpoint")
            .integer(0, 0);
    };
    ASSERT_TRUE(eventually([&] { return owners() == 2; })) << "the group shares them out";
    write(30);
    first.reset();
    write();
    ASSERT_TRUE(eventually([&] { return all_seen(); })) << second->why_not_ready();
    expect_tables_equal_the_logs();
    EXPECT_TRUE(eventually([&] { return second->why_not_ready().empty(); }));
}

TEST_F(Loop, an_unknown_event_stops_its_own_partition_only) {
    v1::Entry strange = logs_[1].accepted("strange", 0, created("c"));
    strange.mutable_events(0)->set_type("foldstream.orders.v9.OrderTeleported");
    logs_[1].entries({strange});
    create_topic();
    write();
    Process process(db_, settings_, "one");
    ASSERT_TRUE(eventually([&] { return all_seen(1); })) << process->why_not_ready();
    const std::string stopped =
        "SELECT coalesce(max(stopped), '') FROM foldstream.checkpoint WHERE partition = 1";
    ASSERT_TRUE(eventually([&] {
        return connection_.exec(stopped).text(0, 0).find("OrderTeleported") != std::string::npos;
    }));
    EXPECT_THAT(process->why_not_ready(), HasSubstr("OrderTeleported"));
    EXPECT_EQ(
        connection_.exec("SELECT record_offset FROM foldstream.checkpoint WHERE partition = 1")
            .integer(0, 0),
        logs_[1].end().value - 2)
        << "everything before it is applied, and nothing moves past it";
    logs_[2].entries({logs_[2].accepted("later", 0, created("c"))});
    write();
    EXPECT_TRUE(eventually([&] { return all_seen(1); })) << "the others go on";
}

TEST_F(Loop, refuses_to_serve_a_generation_that_another_fold_version_made) {
    create_topic();
    connection_.exec("UPDATE foldstream.generation SET fold_version = fold_version + 1");
    Process process(db_, settings_, "one");
    EXPECT_TRUE(eventually([&] {
        return process->why_not_ready().find("rebuild") != std::string::npos;
    })) << process->why_not_ready();
}

}  // namespace
}  // namespace foldstream::projector
