// The whole projector but Kafka: feeds, appliers and a real Postgres, with everything going wrong.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "projector/applier.hpp"
#include "projector/partition_feed.hpp"
#include "tests/contract/projector/orders_database.hpp"
#include "tests/contract/projector/random_log.hpp"

namespace foldstream::projector {
namespace {

using namespace std::chrono_literals;
using foldstream::testing::created;
using foldstream::testing::folded;
using foldstream::testing::LogMaker;
using foldstream::testing::random_log;

class Results final : public JobSink {
public:
    void finished(JobResult result) override { EXPECT_TRUE(queue_.try_push(std::move(result))); }
    JobResult next() {
        auto result = queue_.pop(30s);
        if (!result) throw std::runtime_error("an applier did not answer");
        return std::move(*result);
    }

private:
    BoundedQueue<JobResult> queue_{16};
};

// One worker's view of one partition: a feed, an applier, and the log in place of a broker.
class Worker {
public:
    Worker(foldstream::testing::OrdersDatabase& db, const LogMaker& log, Partition partition,
           std::string owner, Random& random)
        // Sometimes fewer rows than there are, sometimes none, sometimes all.
        : Worker(db, log, partition, std::move(owner), random,
                 {random.below(40), std::size_t{1} << 20U}) {}
    Worker(foldstream::testing::OrdersDatabase& db, const LogMaker& log, Partition partition,
           std::string owner, Random& random, HoldingLimits limits)
        : db_(db),
          log_(log),
          partition_(partition),
          random_(random),
          options_{std::move(owner), 6, 1 + random.below(40), 20ms},
          writer_(db.projection, db.generation),
          appliers_(settings(), 1, limits),
          feed_(db.domain, partition, options_, clock_, random, probe_) {}

    // One turn of the poll thread; a few records, at most one job, which may go wrong.
    void turn() {
        if (feed_.take_stop()) reading_ = false;
        if (const auto start = feed_.take_start()) {
            at_ = *start;
            reading_ = true;
        }
        for (auto left = 1 + random_.below(8); reading_ && left > 0 && feed_.hungry(); --left) {
            if (at_ == log_.end()) {
                feed_.drained();
                break;
            }
            feed_.record(log_.at(at_));
            ++at_.value;
        }
        if (auto work = feed_.next_job()) {
            appliers_.submit({&results_, &writer_, partition_, std::move(*work)});
            feed_.finished(results_.next());
        } else {
            clock_.advance(10ms);
        }
    }
    [[nodiscard]] bool done() const { return feed_.status().seen == log_.end(); }
    [[nodiscard]] FeedStatus status() const { return feed_.status(); }
    void pass(std::chrono::milliseconds time) { clock_.advance(time); }

private:
    postgres::ConnectionSettings settings() const {
        auto settings = db_.database.settings();
        settings.application_name = "victim";
        settings.synchronous_commit = false;
        return settings;
    }
    foldstream::testing::OrdersDatabase& db_;
    const LogMaker& log_;
    Partition partition_;
    Random& random_;
    FeedOptions options_;
    ManualClock clock_;
    runtime::Metrics metrics_;
    ProjectionProbe probe_{metrics_, "orders"};
    BatchWriter writer_;
    Results results_;
    AppliersPool appliers_;
    PartitionFeed feed_;
    bool reading_ = false;
    Offset at_;
};

class FeedAndApplier : public ::testing::Test {
protected:
    // Ends every session of a worker, wherever it is.
    void kill_workers() { kill_workers(db_); }
    static void kill_workers(const foldstream::testing::OrdersDatabase& db) {
        postgres::Connection connection = db.database.connect();
        connection.exec(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE "
            "application_name = 'victim' AND datname = current_database()");
    }
    // From now on every n-th commit that moves the checkpoint kills its own session before it
    // lands. After a loss two of them, a taking and a batch, are the least that moves on: n is
    // above 2.
    void break_commits(int every) { break_commits(db_, every); }
    static void break_commits(const foldstream::testing::OrdersDatabase& db, int every) {
        db.database.connect().script(
            "CREATE SEQUENCE foldstream.commits; "
            "CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF nextval('foldstream.commits') % " +
            std::to_string(every) +
            " = 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END "
            "$$; CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON foldstream.checkpoint DEFERRABLE "
            "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
    }

    static void expect_tables_fit_together(foldstream::testing::OrdersDatabase& db) {
        db.expect_rollups_equal_group_by();
        db.expect_digests_equal_the_rows();
        db.expect_search_equals_the_rows();
    }

    foldstream::testing::OrdersDatabase db_;
};

TEST_F(FeedAndApplier, batches_cut_anywhere_give_the_same_tables_as_one_fold) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        foldstream::testing::OrdersDatabase fresh;
        SeededRandom random(seed);
        const Partition partition(2);
        const LogMaker log = random_log(seed, 2);
        Worker worker(fresh, log, partition, "me", random);
        while (!worker.done()) worker.turn();
        EXPECT_EQ(fresh.rows(), folded(fresh.projection, fresh.domain, log, partition))
            << "seed " << seed;
        expect_tables_fit_together(fresh);
    }
}

TEST_F(FeedAndApplier, a_worker_that_dies_anywhere_leaves_nothing_undone_or_done_twice) {
    SeededRandom random(7);
    const Partition partition(2);
    const LogMaker log = random_log(7, 2);
    int deaths = 0;
    for (bool done = false; !done;) {
        Worker worker(db_, log, partition, "worker " + std::to_string(deaths), random);
        for (auto turns = 5 + random.below(60); turns > 0 && !done; --turns) {
            worker.turn();
            done = worker.done();
        }
        ++deaths;
    }
    EXPECT_GT(deaths, 2);
    EXPECT_EQ(db_.rows(), folded(db_.projection, db_.domain, log, partition));
    expect_tables_fit_together(db_);
}

TEST_F(FeedAndApplier, a_lost_connection_and_a_commit_in_doubt_change_nothing) {
    SeededRandom random(8);
    const Partition partition(2);
    const LogMaker log = random_log(8, 2);
    break_commits(3);
    Worker worker(db_, log, partition, "me", random);
    int lost = 0;
    for (int turn = 0; !worker.done(); ++turn) {
        if (turn % 23 == 22) kill_workers();
        worker.turn();
        lost += worker.status().state == FeedState::waiting ? 1 : 0;
        if (worker.status().state == FeedState::waiting) worker.pass(10s);
    }
    EXPECT_GT(lost, 3);
    EXPECT_EQ(db_.rows(), folded(db_.projection, db_.domain, log, partition));
    expect_tables_fit_together(db_);
}

TEST_F(FeedAndApplier, random_lives_with_every_kind_of_death_leave_digests_that_equal_the_rows) {
    for (std::uint64_t seed = 20; seed < 26; ++seed) {
        foldstream::testing::OrdersDatabase fresh;
        SeededRandom random(seed);
        const Partition partition(2);
        const LogMaker log = random_log(seed, 2);
        break_commits(fresh, 6);
        for (bool done = false; !done;) {
            Worker worker(fresh, log, partition, "me", random);
            for (auto turns = 10 + random.below(80); turns > 0 && !done; --turns) {
                if (random.below(20) == 0) kill_workers(fresh);
                worker.turn();
                if (worker.status().state == FeedState::waiting) worker.pass(10s);
                done = worker.done();
            }
        }
        EXPECT_EQ(fresh.rows(), folded(fresh.projection, fresh.domain, log, partition))
            << "seed " << seed;
        expect_tables_fit_together(fresh);
    }
}

TEST_F(FeedAndApplier, two_workers_that_both_believe_to_own_a_partition_apply_each_entry_once) {
    SeededRandom random(9);
    const Partition partition(2);
    const LogMaker log = random_log(9, 2);
    Worker first(db_, log, partition, "first", random);
    Worker second(db_, log, partition, "second", random);
    int fenced = 0;
    while (!first.done() && !second.done()) {
        Worker& one = random.below(2) == 0 ? first : second;
        const bool was_reading = one.status().state == FeedState::reading;
        one.turn();
        if (was_reading && one.status().state == FeedState::waiting) ++fenced;
        if (random.below(10) == 0) one.pass(2s);
    }
    EXPECT_GT(fenced, 0);
    EXPECT_EQ(db_.rows(), folded(db_.projection, db_.domain, log, partition));
    expect_tables_fit_together(db_);
}

TEST_F(FeedAndApplier, partitions_side_by_side_share_groups_without_waiting_in_a_circle) {
    std::vector<LogMaker> logs;
    for (int p = 0; p < 4; ++p) logs.push_back(random_log(100 + static_cast<std::uint64_t>(p), p));
    std::vector<std::thread> threads;
    for (int p = 0; p < 4; ++p) {
        threads.emplace_back([&, p] {
            SeededRandom random(static_cast<std::uint64_t>(p));
            Worker worker(db_, logs[static_cast<std::size_t>(p)], Partition(p), "me", random);
            while (!worker.done()) worker.turn();
            EXPECT_EQ(worker.status().problem, "");
        });
    }
    for (auto& thread : threads) thread.join();
    std::map<std::string, std::string> expected;
    for (int p = 0; p < 4; ++p)
        expected.merge(
            folded(db_.projection, db_.domain, logs[static_cast<std::size_t>(p)], Partition(p)));
    EXPECT_EQ(db_.rows(), expected);
    expect_tables_fit_together(db_);
}

TEST_F(FeedAndApplier, a_changed_row_stops_its_partition_and_says_so_in_the_checkpoint) {
    SeededRandom random(1);
    LogMaker log;
    log.claim();
    log.entries({log.accepted("a", 0, created("ann"))});
    Worker worker(db_, log, Partition(2), "me", random, {0, 0});  // every row is read each time
    while (!worker.done()) worker.turn();
    postgres::Connection connection = db_.database.connect();
    connection.exec("UPDATE read_gen.orders_g1 SET customer_name = 'Mallory'");
    log.entries({log.accepted("a", 1, orders::v1::PaymentConfirmed())});
    for (int i = 0; i < 20; ++i) worker.turn();
    EXPECT_EQ(worker.status().state, FeedState::stopped);
    const std::string stopped = "SELECT stopped FROM foldstream.checkpoint";
    EXPECT_THAT(connection.exec(stopped).text(0, 0),
                ::testing::HasSubstr("row a does not match its digest"));

    connection.exec("UPDATE read_gen.orders_g1 SET customer_name = 'Name of ann'");
    worker.pass(60s);
    while (!worker.done()) worker.turn();
    EXPECT_EQ(connection.exec(stopped).get(0, 0), std::nullopt);
    EXPECT_EQ(connection.exec("SELECT status FROM read.orders").text(0, 0), "paid");
}

TEST_F(FeedAndApplier, a_lost_connection_makes_a_worker_read_again_what_it_held) {
    SeededRandom random(1);
    LogMaker log;
    log.claim();
    log.entries({log.accepted("a", 0, created("ann"))});
    Worker worker(db_, log, Partition(2), "me", random, {1'000, std::size_t{1} << 20U});
    while (!worker.done()) worker.turn();
    kill_workers();
    postgres::Connection connection = db_.database.connect();
    connection.exec("UPDATE read_gen.orders_g1 SET customer_name = 'Mallory'");
    log.entries({log.accepted("a", 1, orders::v1::PaymentConfirmed())});
    for (int i = 0; i < 40 && worker.status().state != FeedState::stopped; ++i) {
        worker.turn();
        worker.pass(1s);
    }
    EXPECT_THAT(connection.exec("SELECT stopped FROM foldstream.checkpoint").text(0, 0),
                ::testing::HasSubstr("row a does not match its digest"));
}

TEST_F(FeedAndApplier, an_applier_without_a_server_says_so_and_works_when_there_is_one) {
    auto settings = db_.database.settings();
    settings.url = "postgresql://postgres@127.0.0.1:1/none";
    BatchWriter writer(db_.projection, db_.generation);
    Results results;
    AppliersPool nowhere(settings, 1);
    nowhere.submit({&results, &writer, Partition(0), AcquireJob{"me", 6}});
    EXPECT_EQ(results.next().end, JobEnd::lost);
    settings.url = foldstream::testing::with_database(db_.database.url(), "no_such_database");
    AppliersPool wrong(settings, 1);
    wrong.submit({&results, &writer, Partition(0), AcquireJob{"me", 6}});
    EXPECT_EQ(results.next().end, JobEnd::lost) << "no reason to give a partition up";
    AppliersPool right(db_.database.settings(), 1);
    right.submit({&results, &writer, Partition(0), AcquireJob{"me", 6}});
    const JobResult done = results.next();
    EXPECT_EQ(done.end, JobEnd::done);
    ASSERT_TRUE(done.acquired);
    EXPECT_EQ(done.acquired->owner_epoch, 1);
}

}  // namespace
}  // namespace foldstream::projector
