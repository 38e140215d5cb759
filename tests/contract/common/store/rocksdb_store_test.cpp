// What the store on disk promises beyond the contract: what is left after an end, clean or not, and
// what it does about a folder that it cannot use.
#include "common/store/rocksdb_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/contract/common/store/temporary_folder.hpp"

namespace foldstream::store {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string contents(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void overwrite(const fs::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

class RocksdbStore : public testing::Test {
protected:
    std::unique_ptr<Store> open() { return open_rocksdb_store(options_); }

    static WriteBatch batch(std::initializer_list<KeyValue> puts, std::int64_t offset) {
        WriteBatch made;
        made.puts.assign(puts.begin(), puts.end());
        made.position.emplace().position.offset = Offset(offset);
        return made;
    }
    // One value in partition 0, written and closed.
    void fill() {
        const auto store = open();
        store->open("orders", Partition(0), 1)->apply(batch({{"k", "0"}}, 5));
    }
    std::optional<std::string> value() {
        const auto store = open();
        return store->open("orders", Partition(0), 1)->get("k");
    }
    std::string refusal() {
        try {
            (void)open();
        } catch (const StoreError& refused) {
            return refused.what();
        }
        return "";
    }
    fs::path file(const std::string& begin, const std::string& extension = "") {
        for (const auto& entry : fs::directory_iterator(options_.folder)) {
            const std::string name = entry.path().filename();
            if (name.starts_with(begin) && name.ends_with(extension)) return entry.path();
        }
        ADD_FAILURE() << "no file " << begin << "*" << extension;
        return {};
    }

    TemporaryFolder folder_;
    std::vector<std::string> warnings_;
    RocksdbOptions options_{.folder = folder_.path() / "one" / "two",
                            .warn = [this](const std::string& said) { warnings_.push_back(said); }};
};

TEST_F(RocksdbStore, makes_its_folder_and_keeps_everything_over_a_clean_end) {
    {
        const auto store = open();
        store->open("orders", Partition(0), 1)->apply(batch({{"k", "0"}, {"gone", ""}}, 5));
        WriteBatch more = batch({{"l", "1"}}, 6);
        more.erases.push_back("gone");
        store->open("orders", Partition(0), 1)->apply(more);
        store->open("users", Partition(7), 3)->apply(batch({{"k", "u"}}, 9));
    }
    const auto store = open();
    const auto orders = store->open("orders", Partition(0), 1);
    EXPECT_THAT(orders->scan(""), ElementsAre(KeyValue("k", "0"), KeyValue("l", "1")));
    EXPECT_EQ(orders->position().position.offset, Offset(6));
    const auto users = store->open("users", Partition(7), 3);
    EXPECT_THAT(users->scan(""), ElementsAre(KeyValue("k", "u")));
    EXPECT_EQ(users->position().position.offset, Offset(9));
    EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(RocksdbStore, keeps_what_is_written_by_who_outlives_it) {
    {
        auto store = open();
        const auto partition = store->open("orders", Partition(0), 1);
        store.reset();
        partition->apply(batch({{"k", "late"}}, 5));
    }
    EXPECT_EQ(value(), "late");
}

TEST_F(RocksdbStore, keeps_a_wipe_over_a_clean_end) {
    fill();
    open()->open("orders", Partition(0), 1)->wipe();
    const auto store = open();
    const auto partition = store->open("orders", Partition(0), 1);
    EXPECT_THAT(partition->scan(""), IsEmpty());
    EXPECT_EQ(partition->position(), StoredPosition{});
}

TEST_F(RocksdbStore, wipes_only_the_partition_of_another_evolve_version_when_it_is_opened_again) {
    {
        const auto store = open();
        store->open("orders", Partition(0), 1)->apply(batch({{"k", "0"}}, 5));
        store->open("orders", Partition(1), 1)->apply(batch({{"k", "1"}}, 6));
        store->open("users", Partition(0), 1)->apply(batch({{"k", "2"}}, 7));
    }
    {
        const auto store = open();
        const auto changed = store->open("orders", Partition(0), 2);
        EXPECT_THAT(changed->scan(""), IsEmpty());
        EXPECT_EQ(changed->position(), StoredPosition{});
        EXPECT_EQ(store->open("orders", Partition(1), 1)->get("k"), "1");
        EXPECT_EQ(store->open("users", Partition(0), 1)->get("k"), "2");
    }
    // And the old one does not come back with the old version.
    EXPECT_FALSE(value());
}

TEST_F(RocksdbStore, refuses_a_folder_that_is_in_use_and_leaves_it_alone) {
    fill();
    options_.lock_wait = 0ms;
    {
        const auto first = open();
        EXPECT_EQ(refusal(), "the folder " + options_.folder +
                                 " is in use by another process: each needs one of its own");
    }
    EXPECT_EQ(value(), "0");
    EXPECT_THAT(warnings_, IsEmpty());
}

// One that was killed keeps its lock for a moment.
TEST_F(RocksdbStore, waits_for_a_folder_that_is_still_in_use) {
    fill();
    auto first = open();
    std::optional<std::string> read;
    options_.lock_wait = 60s;
    std::thread second([&] { read = value(); });
    first.reset();
    second.join();
    EXPECT_EQ(read, "0");
}

TEST_F(RocksdbStore, says_that_its_folder_cannot_be_made) {
    overwrite(folder_.path() / "file", "");
    options_.folder = folder_.path() / "file" / "below";
    EXPECT_THAT(refusal(), AllOf(HasSubstr(options_.folder), HasSubstr("cannot be made")));
}

// --- damage -------------------------------------------------------------------------------------

TEST_F(RocksdbStore, replaces_a_store_whose_current_file_is_damaged_and_says_so) {
    fill();
    overwrite(file("CURRENT"), "rubbish");
    EXPECT_FALSE(value());
    EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr(options_.folder), HasSubstr("replaced"))));
    fill();
    EXPECT_EQ(value(), "0");
    EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(RocksdbStore, replaces_a_store_whose_manifest_is_damaged_and_says_so) {
    fill();
    const fs::path manifest = file("MANIFEST-");
    std::string bytes = contents(manifest);
    for (std::size_t i = 0; i < bytes.size(); i += 3) bytes[i] = static_cast<char>(~bytes[i]);
    overwrite(manifest, bytes);
    EXPECT_FALSE(value());
    EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr(options_.folder), HasSubstr("replaced"))));
}

TEST_F(RocksdbStore, replaces_a_store_whose_manifest_or_table_is_missing_and_says_so) {
    fill();
    fs::remove(file("MANIFEST-"));
    EXPECT_FALSE(value());
    EXPECT_EQ(warnings_.size(), 1U);
    fill();
    fs::remove(file("", ".sst"));
    EXPECT_FALSE(value());
    EXPECT_EQ(warnings_.size(), 2U);
}

TEST_F(RocksdbStore, tells_of_damage_that_it_meets_while_open_and_is_empty_the_next_time) {
    fill();
    const fs::path table = file("", ".sst");
    std::string bytes = contents(table);
    bytes[1] = static_cast<char>(~bytes[1]);  // in the first block
    overwrite(table, bytes);
    EXPECT_THROW(
        {
            try {
                value();
            } catch (const StoreError& met) {
                EXPECT_THAT(met.what(), AllOf(HasSubstr(options_.folder),
                                              HasSubstr("deleting the folder loses nothing")));
                throw;
            }
        },
        StoreError);
    EXPECT_FALSE(value());
    EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr(options_.folder), HasSubstr("replaced"))));
    EXPECT_FALSE(value());
    EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(RocksdbStore, never_takes_values_for_those_of_a_position_that_it_cannot_read) {
    fill();
    {
        rocksdb::DB* opened = nullptr;
        ASSERT_TRUE(rocksdb::DB::Open(rocksdb::Options(), options_.folder, &opened).ok());
        const std::unique_ptr<rocksdb::DB> database(opened);
        const std::string own("orders\0\0\0\0\0", 11);
        std::string bytes;
        ASSERT_TRUE(database->Get(rocksdb::ReadOptions(), own, &bytes).ok());
        ASSERT_TRUE(database->Put(rocksdb::WriteOptions(), own, bytes + "\xff").ok());
    }
    {
        const auto store = open();
        const auto seen = store->inspect("orders", Partition(0));
        EXPECT_THROW((void)seen->position(), StoreError);
        const auto partition = store->open("orders", Partition(0), 1);
        EXPECT_THAT(partition->scan(""), IsEmpty());
        EXPECT_EQ(partition->position(), StoredPosition{});
    }
}

TEST_F(RocksdbStore, leaves_a_damaged_folder_alone_while_another_process_has_it) {
    const auto first = open();
    first->open("orders", Partition(0), 1)->apply(batch({{"k", "0"}}, 5));
    overwrite(fs::path(options_.folder) / "DAMAGED", "");
    options_.lock_wait = 0ms;
    EXPECT_THAT(refusal(), HasSubstr("is in use by another process"));
    EXPECT_EQ(first->inspect("orders", Partition(0))->get("k"), "0");
    EXPECT_THAT(warnings_, IsEmpty());
}

// --- a crash ------------------------------------------------------------------------------------

constexpr int partitions = 2;
constexpr std::int64_t batches = 3000;
constexpr std::int64_t live = 10;  // values that a batch leaves behind, beside the newest's number

std::string numbered(std::int64_t i) { return "k/" + std::to_string(i); }

// Batch i puts k/i and last, takes away what is too old, and stands at i.
WriteBatch numbered_batch(std::int64_t i) {
    WriteBatch made;
    made.puts = {{numbered(i), std::string(200, static_cast<char>('a' + i % 26))},
                 {"last", std::to_string(i)}};
    if (i >= live) made.erases.push_back(numbered(i - live));
    made.position.emplace().position.offset = Offset(i);
    return made;
}

// Writes much more than the buffers hold, so that what is on disk is moved on all the time, and
// ends like a process that is killed.
[[noreturn]] void write_and_crash(const RocksdbOptions& options, int signal) {
    const auto store = open_rocksdb_store(options);
    std::vector<std::unique_ptr<PartitionStore>> opened;
    for (int p = 0; p < partitions; ++p) opened.push_back(store->open("orders", Partition(p), 1));
    for (std::int64_t i = 0; i < batches; ++i) {
        // The second partition writes less often: their positions differ.
        for (int p = 0; p < partitions; ++p) {
            if (i % (p + 1) == 0)
                opened[static_cast<std::size_t>(p)]->apply(numbered_batch(i / (p + 1)));
        }
    }
    if (signal != 0) (void)std::raise(signal);
    ::_exit(0);
}

// What is there is exactly what the batches up to the position left behind.
void expect_prefix(const PartitionStore& partition, std::int64_t position) {
    std::vector<std::string> expected;
    for (std::int64_t i = std::max<std::int64_t>(0, position - live + 1); i <= position; ++i) {
        expected.push_back(numbered(i));
        EXPECT_EQ(partition.get(numbered(i)), numbered_batch(i).puts[0].second);
    }
    EXPECT_EQ(partition.get("last"), std::to_string(position));
    EXPECT_EQ(partition.scan("k/").size(), expected.size());
}

class RocksdbCrash : public testing::TestWithParam<int> {};

TEST_P(RocksdbCrash, leaves_the_values_of_all_batches_up_to_the_position_and_of_no_other) {
    // The child begins this test anew, and is told where.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    constexpr const char* told = "STORE_CRASH_FOLDER";
    std::optional<TemporaryFolder> folder;
    if (std::getenv(told) == nullptr) {
        folder.emplace();
        ::setenv(told, folder->path().c_str(), 1);
    }
    const RocksdbOptions options{.folder = std::getenv(told), .write_buffer_bytes = 64 * 1024};
    if (GetParam() == 0) {
        EXPECT_EXIT(write_and_crash(options, 0), testing::ExitedWithCode(0), "");
    } else {
        EXPECT_EXIT(write_and_crash(options, GetParam()), testing::KilledBySignal(GetParam()), "");
    }
    ::unsetenv(told);

    std::vector<std::string> warnings;
    RocksdbOptions again = options;
    again.warn = [&](const std::string& said) { warnings.push_back(said); };
    const auto store = open_rocksdb_store(again);
    for (int p = 0; p < partitions; ++p) {
        const auto partition = store->open("orders", Partition(p), 1);
        const std::int64_t position = partition->position().position.offset.value;
        ASSERT_GT(position, 0);  // something had been written to disk
        EXPECT_LT(position, batches);
        expect_prefix(*partition, position);
    }
    EXPECT_THAT(warnings, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Ends, RocksdbCrash, testing::Values(0, SIGKILL));

}  // namespace
}  // namespace foldstream::store
