// Kafka behind an owner's ports, with the steps of an owner that rely on it.
#include "common/processing/kafka_ports.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "common/processing/snapshot_record.hpp"
#include "common/processing/snapshot_restore.hpp"
#include "common/processing/store_keys.hpp"
#include "common/store/store.hpp"
#include "domains/orders/module.hpp"
#include "foldstream/v1/store.pb.h"
#include "tests/contract/common/kafka/broker.hpp"

namespace foldstream::processing {
namespace {

// More than a reader fetches ahead: it cannot have come to the end before it is asked.
constexpr int orders_in_snapshots = 8'000;
constexpr std::size_t state_bytes = 1'000;
constexpr std::uint32_t ahead_kbytes = 1'024;

class SnapshotsInKafka : public kafka::BrokerTest {
protected:
    void SetUp() override {
        BrokerTest::SetUp();
        topic_ = topic(1, {{"cleanup.policy", "compact"}});
        kafka::ProducerOptions plain;
        plain.compression = "none";
        producer_ = std::make_unique<kafka::Producer>(
            settings_, std::vector{topic_}, plain,
            [this](const kafka::DeliveryReport& report) { delivered_ += report.no_error ? 1 : 0; },
            wakeup_);
        sink_.emplace(producer_, topic_, Partition(0));
        for (int i = 0; i < orders_in_snapshots; ++i) {
            send(order(i), Offset(1), snapshot(Sequence(1)));
        }
        prove();
    }

    static std::string order(int number) { return "o" + std::to_string(number); }
    std::string snapshot(Sequence sequence) {
        v1::Snapshot made;
        made.set_state_version(domain_->evolve_version);
        made.mutable_aggregate()->set_version(1);
        made.mutable_aggregate()->set_sequence(sequence.value);
        made.mutable_aggregate()->set_state(std::string(state_bytes, 's'));
        return made.SerializeAsString();
    }
    void send(const std::string& aggregate, Offset cut, const std::string& value) {
        const std::string key = snapshot_key(aggregate, cut);
        while (sink_->send(key, value, 0) == Sent::full) producer_->poll();
        ++sent_;
    }
    void prove() {
        ASSERT_TRUE(producer_->flush(60'000));
        ASSERT_EQ(delivered_, sent_);
    }
    std::optional<v1::StoredAggregate> restored(const std::string& aggregate) const {
        const auto bytes = store_->get(aggregate_key(aggregate));
        v1::StoredAggregate stored;
        if (!bytes || !stored.ParseFromString(*bytes)) return std::nullopt;
        return stored;
    }

    std::unique_ptr<fold::DomainModule> domain_ = orders::make_module();
    std::unique_ptr<store::Store> stores_ = store::make_memory_store();
    std::unique_ptr<store::PartitionStore> store_ =
        stores_->open("orders", Partition(0), domain_->evolve_version);
    std::string topic_;
    int sent_ = 0;
    int delivered_ = 0;
    std::unique_ptr<kafka::Producer> producer_;
    std::optional<KafkaSnapshotSink> sink_;
};

// An owner goes on writing, and its sweep deletes what the restore has not come to: what takes its
// place lies behind the end that there was when the restore began (W6).
TEST_F(SnapshotsInKafka, are_restored_to_the_end_that_there_is_when_the_restore_gets_there) {
    kafka::ReaderOptions little;
    little.queued_kbytes = ahead_kbytes;
    kafka::Reader reader(settings_, topic_, little, wakeup_);
    KafkaSnapshotSource source(reader, Partition(0), settings_);
    SnapshotRestore restore(*domain_, *store_, source);
    restore.begin(true);
    const std::string last = order(orders_in_snapshots - 1);
    send(last, Offset(2), snapshot(Sequence(2)));
    send(last, Offset(1), "");
    send("made-meanwhile", Offset(2), snapshot(Sequence(3)));
    prove();

    auto progress = SnapshotRestore::Progress::reading;
    ASSERT_TRUE(eventually([&] {
        bool worked = true;
        while (worked && progress == SnapshotRestore::Progress::reading) {
            worked = false;
            progress = restore.step(worked);
        }
        return progress != SnapshotRestore::Progress::reading;
    }));
    ASSERT_EQ(progress, SnapshotRestore::Progress::done) << restore.reason();
    EXPECT_EQ(restore.aggregates(), std::size_t{orders_in_snapshots} + 1);
    ASSERT_TRUE(restored(last));
    EXPECT_EQ(restored(last)->sequence(), 2U);
    ASSERT_TRUE(restored("made-meanwhile"));
    EXPECT_EQ(read_cuts(*store_, last).cuts_size(), 1);
    EXPECT_EQ(read_cuts(*store_, last).cuts(0), 2);
}

}  // namespace
}  // namespace foldstream::processing
