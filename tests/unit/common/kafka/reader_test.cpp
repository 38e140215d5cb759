#include "common/kafka/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kafka/error.hpp"
#include "tests/unit/common/kafka/mock_cluster.hpp"

namespace foldstream::kafka {

namespace {

// A topic of two partitions with numbered records, and a reader.
class ReaderOnMock : public ::testing::Test {
protected:
    static constexpr int records = 500;

    void SetUp() override {
        cluster_.topic("t", 2);
        for (int p = 0; p < 2; ++p) {
            fill(cluster_.settings(), "t", Partition(p),
                 numbered(std::to_string(p) + "-", records));
        }
        reader_.emplace(cluster_.settings(), "t", ReaderOptions{}, wakeup_);
    }

    // The next thing that is not a passing error.
    Fetched next(Partition partition) {
        std::optional<Fetched> got;
        const bool came = eventually(wakeup_, [&] {
            got = reader_->next(partition);
            if (!got) return false;
            const auto* error = std::get_if<PartitionError>(&*got);
            return error == nullptr || !error->transient;
        });
        if (!came) throw std::runtime_error("nothing came");
        return std::move(*got);
    }
    void expect_record(Partition partition, int number) {
        const Fetched got = next(partition);
        ASSERT_TRUE(std::holds_alternative<Record>(got));
        const auto& record = std::get<Record>(got);
        EXPECT_EQ(record.offset(), Offset(number));
        EXPECT_EQ(record.partition(), partition);
        EXPECT_EQ(record.value(), std::to_string(partition.value) + "-" + std::to_string(number));
    }

    MockCluster cluster_;
    Wakeup wakeup_;
    std::optional<Reader> reader_;
};

}  // namespace

TEST_F(ReaderOnMock, reads_from_the_offset_to_the_end_in_order) {
    reader_->start(Partition(0), Offset(10));
    for (int i = 10; i < records; ++i) expect_record(Partition(0), i);
    const Fetched end = next(Partition(0));
    ASSERT_TRUE(std::holds_alternative<EndOfPartition>(end));
    EXPECT_EQ(std::get<EndOfPartition>(end).offset, Offset(records));
}

TEST_F(ReaderOnMock, keeps_partitions_apart) {
    reader_->start(Partition(0), Offset(0));
    reader_->start(Partition(1), Offset(100));
    for (int i = 0; i < 50; ++i) {
        expect_record(Partition(1), 100 + i);
        expect_record(Partition(0), i);
    }
}

TEST_F(ReaderOnMock, gives_nothing_for_a_partition_that_was_not_started) {
    EXPECT_FALSE(reader_->next(Partition(0)).has_value());
    EXPECT_FALSE(reader_->next(Partition(77)).has_value());
    reader_->stop(Partition(77));
    reader_->start(Partition(0), Offset(0));
    reader_->stop(Partition(0));
    EXPECT_FALSE(reader_->next(Partition(0)).has_value());
}

TEST_F(ReaderOnMock, nothing_of_an_older_start_comes_out_after_a_restart_elsewhere) {
    for (int round = 0; round < 40; ++round) {
        const int from = (round * 137) % records;
        reader_->start(Partition(0), Offset(from));  // restarted at once, or with a fetch under way
        if (round % 3 == 0) continue;
        for (int i = from; i < std::min(from + round, records); ++i) expect_record(Partition(0), i);
        if (round % 2 == 0) reader_->stop(Partition(0));
    }
}

TEST_F(ReaderOnMock, an_offset_that_is_not_there_is_an_error_and_not_a_jump) {
    reader_->start(Partition(0), Offset(records + 1));
    const Fetched got = next(Partition(0));
    ASSERT_TRUE(std::holds_alternative<PartitionError>(got));
    EXPECT_TRUE(std::get<PartitionError>(got).out_of_range);
    EXPECT_FALSE(std::get<PartitionError>(got).transient);
    EXPECT_THAT(std::get<PartitionError>(got).reason, ::testing::HasSubstr("t partition 0"));
}

TEST_F(ReaderOnMock, an_error_that_stays_is_told_once_and_nothing_comes_behind_it) {
    reader_->start(Partition(0), Offset(records + 1));
    reader_->start(Partition(1), Offset(0));
    ASSERT_TRUE(std::holds_alternative<PartitionError>(next(Partition(0))));
    for (int i = 0; i < records; ++i) {
        expect_record(Partition(1), i);  // the other one goes on
        EXPECT_FALSE(reader_->next(Partition(0)).has_value());
    }
}

TEST_F(ReaderOnMock, goes_on_after_it_was_started_again_behind_an_error) {
    reader_->start(Partition(0), Offset(records + 1));
    ASSERT_TRUE(std::holds_alternative<PartitionError>(next(Partition(0))));
    reader_->start(Partition(0), Offset(3));
    expect_record(Partition(0), 3);
}

TEST_F(ReaderOnMock, refuses_offsets_that_would_mean_the_end_or_the_beginning) {
    EXPECT_THROW(reader_->start(Partition(0), Offset(-1)), Error);
    EXPECT_THROW(reader_->start(Partition(0), Offset(-2)), Error);
    EXPECT_THROW(reader_->start(Partition(-1), Offset(0)), Error);
}

TEST_F(ReaderOnMock, a_partition_that_does_not_exist_is_an_error_that_stays) {
    reader_->start(Partition(9), Offset(0));
    const Fetched got = next(Partition(9));
    ASSERT_TRUE(std::holds_alternative<PartitionError>(got));
    EXPECT_FALSE(std::get<PartitionError>(got).transient);
}

TEST_F(ReaderOnMock, a_broker_that_goes_and_comes_back_costs_no_record) {
    reader_->start(Partition(0), Offset(0));
    for (int i = 0; i < records; ++i) expect_record(Partition(0), i);
    ASSERT_TRUE(std::holds_alternative<EndOfPartition>(next(Partition(0))));
    cluster_.down();
    cluster_.up();
    fill(cluster_.settings(), "t", Partition(0), {"0-" + std::to_string(records)});
    expect_record(Partition(0), records);
}

TEST_F(ReaderOnMock, rings_when_a_record_arrives_at_a_reader_that_had_nothing) {
    reader_->start(Partition(0), Offset(records));
    ASSERT_TRUE(std::holds_alternative<EndOfPartition>(next(Partition(0))));
    EXPECT_FALSE(reader_->next(Partition(0)).has_value());
    wakeup_.wait(std::chrono::milliseconds(0));  // what was rung before
    fill(cluster_.settings(), "t", Partition(0), {"0-" + std::to_string(records)});
    wakeup_.wait(std::chrono::seconds(20));
    EXPECT_TRUE(reader_->next(Partition(0)).has_value());
}

TEST_F(ReaderOnMock, stopping_does_not_wait_for_a_broker_that_is_gone) {
    reader_->start(Partition(0), Offset(0));
    cluster_.down();
    const auto begin = std::chrono::steady_clock::now();
    reader_->stop(Partition(0));
    reader_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST_F(ReaderOnMock, one_record_can_be_fetched_and_outlives_its_client) {
    const auto found = fetch_one(cluster_.settings(), "t", Partition(1), Offset(42), 10'000);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->value(), "1-42");
    EXPECT_FALSE(
        fetch_one(cluster_.settings(), "t", Partition(1), Offset(records), 10'000).has_value());
    EXPECT_FALSE(
        fetch_one(cluster_.settings(), "t", Partition(1), Offset(records + 5), 10'000).has_value());
}

TEST_F(ReaderOnMock, fetching_one_from_a_broker_that_is_gone_says_so) {
    const Settings settings = cluster_.settings();
    cluster_.down();
    try {
        (void)fetch_one(settings, "t", Partition(0), Offset(0), 300);
        FAIL() << "there is no broker";
    } catch (const Error& error) {
        EXPECT_TRUE(error.retry());
        EXPECT_THAT(error.what(), ::testing::HasSubstr(settings.brokers));
    }
}

}  // namespace foldstream::kafka
