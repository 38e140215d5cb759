#include "common/processing/worker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "domains/orders/module.hpp"
#include "tests/unit/common/kafka/mock_cluster.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

// A worker on its thread before a cluster in memory; the other thread asks for its health all the
// time, as an admin port does.
class WorkerOnMock : public testing::Test {
protected:
    void SetUp() override {
        cluster_.topic("orders.commands", 2);
        cluster_.topic("orders.events", 2);
        WorkerOptions options;
        options.domain = domain_.get();
        options.partitions = 2;
        options.kafka = cluster_.settings();
        options.name = "test";
        worker_ = std::make_unique<Worker>(options, *store_, memories_, metrics_);
        thread_ = std::thread([this] { worker_->run(); });
    }
    void TearDown() override {
        worker_->drain();
        if (thread_.joinable()) thread_.join();
    }

    bool until(const std::function<bool()>& said) {
        return kafka::eventually(wakeup_, [&] {
            EXPECT_EQ(worker_->why_not_alive(), "");
            return said();
        });
    }
    // A create in the partition of its order.
    void send(const std::string& order) {
        kafka::fill(cluster_.settings(), "orders.commands", codec::partition_of(order, 2),
                    {pack(create_order(order), "")});
    }
    // How many entries of all partitions count.
    std::size_t decided() {
        std::size_t sum = 0;
        for (int i = 0; i < 2; ++i) {
            kafka::Reader reader(cluster_.settings(), "orders.events", {}, wakeup_);
            reader.start(Partition(i), Offset(0));
            replay::LogReader log;
            EXPECT_TRUE(kafka::eventually(wakeup_, [&] {
                while (const auto fetched = reader.next(Partition(i))) {
                    const auto* record = std::get_if<kafka::Record>(&*fetched);
                    if (record == nullptr) return true;
                    (void)log.feed({record->offset(), 0, record->value()});
                }
                return false;
            }));
            sum += log.position().sequence.value;
        }
        return sum;
    }

    kafka::MockCluster cluster_;
    kafka::Wakeup wakeup_;
    std::unique_ptr<fold::DomainModule> domain_ = orders::make_module();
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    OwnerMemories memories_;
    runtime::Metrics metrics_;
    std::unique_ptr<Worker> worker_;
    std::thread thread_;
};

TEST_F(WorkerOnMock, is_ready_when_it_owns_what_was_assigned_and_decides_what_comes) {
    EXPECT_NE(worker_->why_not_ready(), "");
    ASSERT_TRUE(until([&] { return worker_->why_not_ready().empty(); }));
    for (int i = 0; i < 10; ++i) send("o" + std::to_string(i));
    EXPECT_TRUE(until([&] { return decided() == 10; }));
}

TEST_F(WorkerOnMock, goes_on_after_the_broker_was_away) {
    ASSERT_TRUE(until([&] { return worker_->why_not_ready().empty(); }));
    cluster_.down();
    cluster_.up();
    send("o1");
    EXPECT_TRUE(until([&] { return decided() == 1; }));
}

TEST_F(WorkerOnMock, ends_a_drain_in_time_although_the_broker_is_away) {
    ASSERT_TRUE(until([&] { return worker_->why_not_ready().empty(); }));
    cluster_.down();
    const auto began = std::chrono::steady_clock::now();
    worker_->drain();
    thread_.join();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 14s);  // the process has 15 s
    EXPECT_EQ(worker_->why_not_ready(), "is draining");
}

// R20: with another partition count every key may belong elsewhere.
TEST(Worker, refuses_to_run_on_a_partition_that_was_added) {
    kafka::MockCluster cluster;
    cluster.topic("orders.commands", 3);
    cluster.topic("orders.events", 3);
    const auto domain = orders::make_module();
    const auto store = store::make_memory_store();
    runtime::Metrics metrics;
    WorkerOptions options;
    options.domain = domain.get();
    options.partitions = 2;
    options.kafka = cluster.settings();
    OwnerMemories memories;
    Worker worker(options, *store, memories, metrics);
    EXPECT_THROW(worker.run(), std::runtime_error);
}

}  // namespace
}  // namespace foldstream::processing::simulation
