#include "common/kafka/reader.hpp"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

#include "common/kafka/holders.hpp"
#include "tests/contract/common/kafka/broker.hpp"

namespace foldstream::kafka {

namespace {

using ReaderContract = BrokerTest;

// A foreign client's transaction of `count` records, committed or aborted.
void transaction(const Settings& settings, const std::string& topic, int count, bool commit) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char why[256];
    rd_kafka_conf_set(conf, "bootstrap.servers", settings.brokers.c_str(), why, sizeof why);
    rd_kafka_conf_set(conf, "transactional.id", random_name("tx").c_str(), why, sizeof why);
    const Holder<rd_kafka_t, rd_kafka_destroy> producer(
        rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why));
    const auto check = [](rd_kafka_error_t* error) {
        const Holder<rd_kafka_error_t, rd_kafka_error_destroy> held(error);
        ASSERT_EQ(error, nullptr) << rd_kafka_error_string(error);
    };
    check(rd_kafka_init_transactions(producer.get(), 30'000));
    check(rd_kafka_begin_transaction(producer.get()));
    for (int i = 0; i < count; ++i) {
        const std::string value = (commit ? "committed-" : "aborted-") + std::to_string(i);
        rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    }
    check(rd_kafka_flush(producer.get(), 30'000) == RD_KAFKA_RESP_ERR_NO_ERROR
              ? nullptr
              : rd_kafka_error_new(RD_KAFKA_RESP_ERR__TIMED_OUT, "flush"));
    check(commit ? rd_kafka_commit_transaction(producer.get(), 30'000)
                 : rd_kafka_abort_transaction(producer.get(), 30'000));
}

}  // namespace

TEST_F(ReaderContract, gives_keys_values_headers_and_append_times_as_they_were_sent) {
    const std::string name = topic(1, {{"message.timestamp.type", "LogAppendTime"}});
    {
        Producer producer(
            settings_, {name}, ProducerOptions{}, [](const DeliveryReport&) {}, wakeup_);
        const std::string binary("\0\x01\xff", 3);
        ASSERT_EQ(producer.produce(name, Partition(0), "k-1", binary,
                                   {{"ce_id", "c-1"}, {"ce_type", "t"}, {"ce_id", "again"}}, 0),
                  Produced::queued);
        ASSERT_EQ(producer.produce(name, Partition(0), std::nullopt, "", {}, 0), Produced::queued);
        ASSERT_EQ(producer.produce(name, Partition(0), "", "x", {{"empty", ""}}, 0),
                  Produced::queued);
        ASSERT_TRUE(producer.flush(30'000));
    }
    Reader reader(settings_, name, ReaderOptions{}, wakeup_);
    reader.start(Partition(0), Offset(0));
    auto first = next(reader, Partition(0));
    ASSERT_TRUE(first && std::holds_alternative<Record>(*first));
    const auto& record = std::get<Record>(*first);
    EXPECT_EQ(record.key(), "k-1");
    EXPECT_EQ(record.value(), std::string_view("\0\x01\xff", 3));
    const std::vector<std::pair<std::string_view, std::string_view>> headers{
        {"ce_id", "c-1"}, {"ce_type", "t"}, {"ce_id", "again"}};
    EXPECT_EQ(record.headers(), headers);
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    EXPECT_NEAR(static_cast<double>(record.append_time_ms()), static_cast<double>(now), 60'000.0);
    auto second = next(reader, Partition(0));
    ASSERT_TRUE(second && std::holds_alternative<Record>(*second));
    EXPECT_FALSE(std::get<Record>(*second).key().has_value());
    EXPECT_EQ(std::get<Record>(*second).value(), "");
    EXPECT_TRUE(std::get<Record>(*second).headers().empty());
    auto third = next(reader, Partition(0));
    ASSERT_TRUE(third && std::holds_alternative<Record>(*third));
    EXPECT_EQ(std::get<Record>(*third).key(), "");
}

TEST_F(ReaderContract, reads_every_record_once_in_order_over_several_fetches) {
    const std::string name = topic(1);
    constexpr int count = 200'000;
    fill(name, Partition(0), std::string(50, 'x') + "-", count);
    ReaderOptions small;
    small.queued_kbytes = 256;
    Reader reader(settings_, name, small, wakeup_);
    reader.start(Partition(0), Offset(0));
    int seen = 0;
    const bool all = eventually([&] {
        while (auto got = reader.next(Partition(0))) {
            if (const auto* record = std::get_if<Record>(&*got)) {
                if (record->offset() != Offset(seen)) return false;
                ++seen;
            } else if (std::holds_alternative<EndOfPartition>(*got) && seen == count) {
                return true;
            }
        }
        return false;
    });
    EXPECT_TRUE(all) << "stopped at " << seen;
}

TEST_F(ReaderContract, a_queue_that_was_full_does_not_make_it_stand_still) {
    const std::string name = topic(1);
    constexpr int count = 40'000;
    {
        ProducerOptions plain;
        plain.compression = "none";  // a fetch brings a mebibyte of records, not the whole topic
        Producer producer(
            settings_, {name}, plain, [](const DeliveryReport&) {}, wakeup_);
        const std::string value(500, 'x');
        for (int i = 0; i < count; ++i) {
            ASSERT_EQ(producer.produce(name, Partition(0), std::nullopt, value, {}, 0),
                      Produced::queued);
            if (i % 1'000 == 0) producer.poll();
        }
        ASSERT_TRUE(producer.flush(30'000));
    }
    ReaderOptions small;
    small.queued_kbytes = 256;
    Reader reader(settings_, name, small, wakeup_);
    reader.start(Partition(0), Offset(0));
    int seen = 0;
    const auto begin = std::chrono::steady_clock::now();
    const bool all = eventually([&] {
        while (auto got = reader.next(Partition(0))) {
            if (const auto* record = std::get_if<Record>(&*got)) {
                if (record->offset() != Offset(seen)) return false;
                ++seen;
            }
        }
        return seen == count;
    });
    EXPECT_TRUE(all) << "stopped at " << seen;
    // Some twenty fetches; librdkafka sleeps for a second after each of them, if it is let.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
}

TEST_F(ReaderContract, nothing_of_an_older_start_comes_out_after_a_restart_elsewhere) {
    const std::string name = topic(2);
    constexpr int count = 20'000;
    fill(name, Partition(0), "a", count);
    fill(name, Partition(1), "b", count);
    Reader reader(settings_, name, ReaderOptions{}, wakeup_);
    reader.start(Partition(1), Offset(0));
    int other = 0;
    for (int round = 0; round < 200; ++round) {
        const int from = (round * 7'919) % (count - 20);
        reader.start(Partition(0), Offset(from));
        // At once, in the middle of the first fetch, or after some records.
        for (int i = 0; i < round % 20; ++i) {
            const auto got = next(reader, Partition(0));
            ASSERT_TRUE(got && std::holds_alternative<Record>(*got)) << "round " << round;
            ASSERT_EQ(std::get<Record>(*got).offset(), Offset(from + i)) << "round " << round;
        }
        if (round % 3 == 0) reader.stop(Partition(0));
        // The other partition does not notice.
        const auto got = next(reader, Partition(1));
        ASSERT_TRUE(got && std::holds_alternative<Record>(*got));
        ASSERT_EQ(std::get<Record>(*got).offset(), Offset(other++));
    }
}

TEST_F(ReaderContract, an_offset_beyond_the_end_is_an_error_that_stays) {
    const std::string name = topic(1);
    fill(name, Partition(0), "v", 5);
    Reader reader(settings_, name, ReaderOptions{}, wakeup_);
    reader.start(Partition(0), Offset(6));
    const auto got = next(reader, Partition(0));
    ASSERT_TRUE(got && std::holds_alternative<PartitionError>(*got));
    EXPECT_TRUE(std::get<PartitionError>(*got).out_of_range);
    reader.start(Partition(0), Offset(5));
    const auto end = next(reader, Partition(0));
    ASSERT_TRUE(end && std::holds_alternative<EndOfPartition>(*end));
    EXPECT_EQ(std::get<EndOfPartition>(*end).offset, Offset(5));
}

TEST_F(ReaderContract, a_partition_that_does_not_exist_is_no_silent_wait) {
    const std::string name = topic(1);
    Reader reader(settings_, name, ReaderOptions{}, wakeup_);
    reader.start(Partition(3), Offset(0));
    const auto got = next(reader, Partition(3));
    ASSERT_TRUE(got && std::holds_alternative<PartitionError>(*got));
    EXPECT_THAT(std::get<PartitionError>(*got).reason, ::testing::HasSubstr("partition 3"));
}

TEST_F(ReaderContract, read_committed_leaves_out_what_was_aborted_and_markers_never_come_out) {
    const std::string name = topic(1);
    transaction(settings_, name, 3, false);  // offsets 0-2, its marker at 3
    transaction(settings_, name, 2, true);   // offsets 4-5, its marker at 6
    fill(name, Partition(0), "plain-", 1);   // offset 7
    const auto read = [&](bool committed) {
        ReaderOptions options;
        options.read_committed = committed;
        Reader reader(settings_, name, options, wakeup_);
        reader.start(Partition(0), Offset(0));
        std::vector<std::int64_t> offsets;
        for (;;) {
            const auto got = next(reader, Partition(0));
            if (!got || !std::holds_alternative<Record>(*got)) break;
            offsets.push_back(std::get<Record>(*got).offset().value);
            if (offsets.back() == 7) break;
        }
        return offsets;
    };
    EXPECT_EQ(read(true), (std::vector<std::int64_t>{4, 5, 7}));
    EXPECT_EQ(read(false), (std::vector<std::int64_t>{0, 1, 2, 4, 5, 7}));
    EXPECT_EQ(fetch_one(settings_, name, Partition(0), Offset(5), 10'000).value().value(),
              "committed-1");
    EXPECT_FALSE(fetch_one(settings_, name, Partition(0), Offset(6), 10'000).has_value());
    EXPECT_FALSE(fetch_one(settings_, name, Partition(0), Offset(8), 10'000).has_value());
}

}  // namespace foldstream::kafka
