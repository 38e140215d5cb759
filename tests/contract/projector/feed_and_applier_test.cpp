// The whole projector but Kafka: feeds, appliers and a real Postgres, with everything going wrong.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "projector/applier.hpp"
#include "projector/partition_feed.hpp"
#include "tests/contract/projector/orders_database.hpp"

namespace foldstream::projector {
namespace {

using namespace std::chrono_literals;
using foldstream::testing::created;
using foldstream::testing::LogMaker;

// A random life of some orders in one partition: created, changed, paid, shipped, cancelled,
// deleted, interleaved; refusals, claims and junk in between; one to five entries a record.
LogMaker random_log(std::uint64_t seed, int partition) {
    LogMaker log;
    SeededRandom random(seed);
    std::map<int, std::uint64_t> versions;
    std::set<int> deleted;
    log.claim();
    for (int record = 0; record < 120; ++record) {
        const auto what = random.below(20);
        if (what == 0) log.append("junk");
        if (what == 1) log.claim("later claim 1234");
        std::vector<v1::Entry> entries;
        for (auto left = 1 + random.below(5); left > 0; --left) {
            const int order = static_cast<int>(random.below(25));
            const std::string id = "o" + std::to_string(partition) + "-" + std::to_string(order);
            std::uint64_t& version = versions[order];
            if (deleted.contains(order)) {
                entries.push_back(log.refusal());
                continue;
            }
            const std::string customer = "c" + std::to_string(random.below(6));
            const auto price = static_cast<std::int64_t>(random.below(1'000));
            if (version == 0) {
                entries.push_back(log.accepted(
                    id, 0, created(customer, price, random.below(2) == 0 ? "USD" : "EUR")));
                version = 1;
                continue;
            }
            orders::v1::ItemAdded added;
            added.mutable_item()->set_item_id("i" + std::to_string(version + 1));
            added.mutable_item()->set_price_minor(price);
            added.mutable_item()->set_quantity(2);
            orders::v1::ItemRemoved removed;
            removed.set_item_id("i1");
            switch (random.below(7)) {
                case 0:
                    entries.push_back(log.accepted(id, version, added, removed));
                    version += 2;
                    break;
                case 1:
                    entries.push_back(log.accepted(id, version, orders::v1::OrderCancelled()));
                    version += 1;
                    break;
                case 2:
                    entries.push_back(log.accepted(id, version, orders::v1::PaymentConfirmed()));
                    version += 1;
                    break;
                case 3:
                    if (random.below(3) == 0) {
                        entries.push_back(log.accepted(id, version, orders::v1::OrderDeleted()));
                        deleted.insert(order);
                        break;
                    }
                    [[fallthrough]];
                default:
                    entries.push_back(log.accepted(id, version, added));
                    version += 1;
            }
        }
        log.entries(entries);
    }
    return log;
}

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
        : db_(db),
          log_(log),
          partition_(partition),
          random_(random),
          options_{std::move(owner), 6, 1 + random.below(40), 20ms},
          writer_(db.projection, db.generation),
          appliers_(settings(), 1),
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
    // What one fold of the whole log in memory gives.
    std::map<std::string, std::string> folded(const LogMaker& log, Partition partition) {
        const fold::TablePlan plan(db_.projection);
        std::map<std::string, std::unique_ptr<fold::Message>> rows;
        replay::LogReader reader;
        for (Offset at(0); at < log.end(); ++at.value) {
            const auto result = reader.feed(log.at(at));
            const auto* valid = std::get_if<replay::ValidEntries>(&result);
            if (valid == nullptr) continue;
            Sequence sequence = valid->first;
            for (const auto& entry : valid->body.entries()) {
                fold_entry(plan, partition, sequence, entry, rows);
                ++sequence.value;
            }
        }
        std::map<std::string, std::string> bytes;
        for (const auto& [key, row] : rows)
            if (row) bytes[key] = row->SerializeAsString();
        return bytes;
    }
    void fold_entry(const fold::TablePlan& plan, Partition partition, Sequence sequence,
                    const v1::Entry& entry,
                    std::map<std::string, std::unique_ptr<fold::Message>>& rows) {
        std::uint32_t index = 0;
        for (const auto& event : entry.events()) {
            const fold::EventType* type = db_.domain.find_event(event.type());
            const std::unique_ptr<fold::Message> message(type->prototype->New());
            ASSERT_TRUE(message->ParseFromString(event.payload()));
            fold::Meta meta;
            meta.time_ms = entry.time_ms();
            meta.aggregate_id = entry.aggregate_id();
            meta.version = Version(event.version());
            meta.partition = partition;
            meta.sequence = sequence;
            meta.index = index++;
            meta.domain = "orders";
            auto& row = rows[entry.aggregate_id()];
            row = db_.projection.project(std::move(row), *type, *message, meta);
            if (row) plan.canonicalise(*row);
        }
    }
    void expect_rollups_equal_group_by() {
        postgres::Connection connection = db_.database.connect();
        EXPECT_EQ(connection
                      .exec("SELECT count(*) FROM (SELECT status, currency, count(*)::int8 AS n, "
                            "sum(total_minor) AS s FROM read.orders GROUP BY 1, 2) a FULL JOIN "
                            "read.order_summary b USING (status, currency) "
                            "WHERE a.n IS DISTINCT FROM b.orders OR a.s IS DISTINCT FROM "
                            "b.revenue_minor")
                      .integer(0, 0),
                  0);
        EXPECT_EQ(
            connection
                .exec("SELECT count(*) FROM (SELECT customer_id, currency, count(*)::int8 AS n, "
                      "sum(total_minor) AS s FROM read.orders WHERE status <> 'cancelled' GROUP BY "
                      "1, 2) a FULL JOIN read_gen.customers_g1 b USING (customer_id, currency) "
                      "WHERE a.n IS DISTINCT FROM b.orders OR a.s IS DISTINCT FROM b.spent_minor")
                .integer(0, 0),
            0);
        EXPECT_GT(connection.exec("SELECT count(*) FROM read.customers").integer(0, 0), 0);
    }
    // Ends every session of a worker, wherever it is.
    void kill_workers() {
        postgres::Connection connection = db_.database.connect();
        connection.exec(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE "
            "application_name = 'victim' AND datname = current_database()");
    }
    // From now on about every n-th commit of a batch kills its own session before it lands.
    void break_commits(int every) {
        db_.database.connect().script(
            "CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF random() * " +
            std::to_string(every) +
            " < 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END "
            "$$; CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON foldstream.checkpoint DEFERRABLE "
            "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
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
        EXPECT_EQ(fresh.rows(), folded(log, partition)) << "seed " << seed;
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
    EXPECT_EQ(db_.rows(), folded(log, partition));
    expect_rollups_equal_group_by();
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
    EXPECT_EQ(db_.rows(), folded(log, partition));
    expect_rollups_equal_group_by();
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
    EXPECT_EQ(db_.rows(), folded(log, partition));
    expect_rollups_equal_group_by();
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
        expected.merge(folded(logs[static_cast<std::size_t>(p)], Partition(p)));
    EXPECT_EQ(db_.rows(), expected);
    expect_rollups_equal_group_by();
}

TEST_F(FeedAndApplier, a_changed_row_stops_its_partition_and_says_so_in_the_checkpoint) {
    SeededRandom random(1);
    LogMaker log;
    log.claim();
    log.entries({log.accepted("a", 0, created("ann"))});
    Worker worker(db_, log, Partition(2), "me", random);
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
