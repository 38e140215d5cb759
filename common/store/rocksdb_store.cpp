#include "common/store/rocksdb_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>
#include <utility>

#include "common/store/leases.hpp"
#include "common/store/position_codec.hpp"
#include "common/store/prefix_end.hpp"

namespace foldstream::store {

namespace {

namespace fs = std::filesystem;

constexpr int background_jobs = 2;  // one flushes, one compacts
constexpr int open_files = 256;
constexpr double filter_bits_a_key = 10;  // 1 % false positives
// Few threads share the cache: large shards waste less of it than small ones.
constexpr int cache_shard_bits = 2;
constexpr std::size_t info_log_bytes = 1024 * 1024;
constexpr std::size_t info_logs = 2;
constexpr std::uint64_t manifest_bytes = 4 * 1024 * 1024;
constexpr std::chrono::milliseconds lock_pause{50};
// Stands in a folder in which something was found damaged while it was open.
constexpr const char* damaged_file = "DAMAGED";

rocksdb::CompressionType compression() {
    const auto supported = rocksdb::GetSupportedCompressions();
    const bool lz4 =
        std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
    return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

rocksdb::Options database_options(const RocksdbOptions& options) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(options.cache_mib * 1024 * 1024, cache_shard_bits);
    table.cache_index_and_filter_blocks = true;  // else they grow beside the cache
    table.cache_index_and_filter_blocks_with_high_priority = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    // In pieces: a large file's whole index, a MiB and more, would be read and thrown out again
    // with each of its blocks.
    table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.partition_filters = true;
    table.pin_top_level_index_and_filter = true;
    table.enable_index_compression = false;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(filter_bits_a_key));

    rocksdb::Options made;
    made.create_if_missing = true;
    made.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    made.compression = compression();
    made.write_buffer_size = options.write_buffer_bytes;
    made.max_write_buffer_number = max_write_buffers;  // who writes more waits for a flush
    made.max_write_buffer_size_to_maintain = 0;
    made.level_compaction_dynamic_level_bytes = true;
    made.max_background_jobs = background_jobs;
    made.max_open_files = open_files;
    made.max_file_opening_threads = background_jobs;
    made.max_manifest_file_size = manifest_bytes;
    made.keep_log_file_num = info_logs;
    made.max_log_file_size = info_log_bytes;
    made.info_log_level = rocksdb::WARN_LEVEL;
    made.stats_dump_period_sec = 0;
    made.stats_persist_period_sec = 0;
    return made;
}

// RocksDB has no code of its own for it.
bool in_use(const rocksdb::Status& status) {
    const std::string said = status.ToString();
    return status.IsIOError() && (said.find("While lock file") != std::string::npos ||
                                  said.find("lock hold by current process") != std::string::npos);
}

// Nothing that another try, another disk or other rights would mend.
bool unreadable(const rocksdb::Status& status) {
    return status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound() ||
           status.IsNotSupported();
}

// The folder and its one database; the last one who has it closes it. Any thread.
class Database {
public:
    explicit Database(const RocksdbOptions& options)
        : folder_(options.folder), warn_(options.warn) {
        std::error_code failed;
        fs::create_directories(folder_, failed);
        if (failed) {
            throw StoreError("the folder " + folder_ + " cannot be made: " + failed.message() +
                             "; give one that this process may write");
        }
        const rocksdb::Options how = database_options(options);
        std::string damage = damage_noted();
        if (damage.empty()) {
            const rocksdb::Status opened = when_free(options.lock_wait, [&] { return open(how); });
            if (opened.ok()) return;
            if (!unreadable(opened)) throw cannot_open(opened);
            damage = opened.ToString();
        }
        const rocksdb::Status replaced = when_free(options.lock_wait, [&] { return replace(how); });
        if (!replaced.ok()) throw cannot_open(replaced);
        warn("the store in " + folder_ +
             " could not be read and was replaced by an empty one: " + damage);
    }

    ~Database() {
        rocksdb::Status closed = db_->Flush(rocksdb::FlushOptions());
        const rocksdb::Status ended = db_->Close();
        if (closed.ok()) closed = ended;
        if (closed.ok()) return;
        warn("the store in " + folder_ + " was not written to the end: " + closed.ToString() +
             "; what is missing is read from the log again");
    }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] std::optional<std::string> get(const std::string& key) const {
        std::string value;
        const rocksdb::Status read = db_->Get(rocksdb::ReadOptions(), key, &value);
        if (read.IsNotFound()) return std::nullopt;
        check(read, "read");
        return value;
    }

    // Without a write-ahead log: a crash loses the newest batches, and their positions with them,
    // because one column family's memory is written to disk in the order in which it was filled and
    // a batch is never cut in two. So what is there after a crash is what some batch left behind,
    // and its owner reads the log on from there.
    void write(rocksdb::WriteBatch& batch) {
        rocksdb::WriteOptions how;
        how.disableWAL = true;
        check(db_->Write(how, &batch), "written");
    }

    [[nodiscard]] std::unique_ptr<rocksdb::Iterator> iterate(
        const rocksdb::ReadOptions& how) const {
        return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(how));
    }

    void check(const rocksdb::Status& status, const char* what) const {
        if (status.ok()) return;
        // The next one to open the folder begins with an empty one.
        if (status.IsCorruption()) std::ofstream(fs::path(folder_) / damaged_file) << '\n';
        throw StoreError("the store in " + folder_ + " cannot be " + what + ": " +
                         status.ToString() + "; deleting the folder loses nothing");
    }

private:
    rocksdb::Status open(const rocksdb::Options& how) {
        rocksdb::DB* db = nullptr;
        const rocksdb::Status opened = rocksdb::DB::Open(how, folder_, &db);
        db_.reset(db);
        return opened;
    }

    template <typename Action>
    static rocksdb::Status when_free(std::chrono::milliseconds wait, const Action& action) {
        const auto until = std::chrono::steady_clock::now() + wait;
        for (;;) {
            rocksdb::Status done = action();
            if (!in_use(done) || std::chrono::steady_clock::now() >= until) return done;
            std::this_thread::sleep_for(lock_pause);
        }
    }

    [[nodiscard]] std::string damage_noted() const {
        std::error_code ignored;
        const bool noted = fs::exists(fs::path(folder_) / damaged_file, ignored);
        return noted ? "it was found damaged when it was last used" : "";
    }

    // Takes away RocksDB's files only, and nothing while another process has them open.
    rocksdb::Status replace(const rocksdb::Options& how) {
        const rocksdb::Status destroyed = rocksdb::DestroyDB(folder_, how);
        if (!destroyed.ok()) return destroyed;
        std::error_code ignored;
        fs::remove(fs::path(folder_) / damaged_file, ignored);
        return open(how);
    }

    [[nodiscard]] StoreError cannot_open(const rocksdb::Status& status) const {
        if (in_use(status)) {
            return StoreError("the folder " + folder_ +
                              " is in use by another process: each needs one of its own");
        }
        return StoreError("the store in " + folder_ + " cannot be opened: " + status.ToString() +
                          "; look at the disk and at who may write there; deleting the folder "
                          "loses nothing");
    }

    void warn(const std::string& said) const {
        if (warn_) warn_(said);
    }

    std::string folder_;
    std::function<void(const std::string&)> warn_;
    std::unique_ptr<rocksdb::DB> db_;
};

// --- keys: domain, 0x00, partition, then the key; that alone is the partition's own ------------

std::string big_endian(std::int32_t value) {
    const auto bits = static_cast<std::uint32_t>(value);
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<char>((bits >> shift) & 0xFFU));
    }
    return bytes;
}

std::string partition_prefix(std::string_view domain, Partition partition) {
    assert(!domain.empty() && domain.find('\0') == std::string_view::npos);
    return std::string(domain) + '\0' + big_endian(partition.value);
}

// Whoever changes what is written below a partition's prefix raises it.
constexpr char layout = 2;

std::string written_by(std::int32_t evolve_version) { return layout + big_endian(evolve_version); }

// -----------------------------------------------------------------------------------------------

class RocksdbPartition final : public PartitionStore {
public:
    RocksdbPartition(std::shared_ptr<Database> database, std::unique_ptr<Leases::Lease> lease,
                     std::string prefix, std::int32_t evolve_version)
        : lease_(std::move(lease)),
          database_(std::move(database)),
          own_key_(std::move(prefix)),
          written_by_(written_by(evolve_version)) {}

    // Whether what is there was written by this build and this evolve_version.
    [[nodiscard]] bool readable() const {
        const auto own = database_->get(own_key_);
        return own && own->starts_with(written_by_) && place_in(*own);
    }

    std::optional<std::string> get(std::string_view key) const override {
        assert(!key.empty());
        return database_->get(own_key_ + std::string(key));
    }

    std::vector<KeyValue> scan(std::string_view prefix, std::string_view after,
                               std::size_t limit) const override {
        std::vector<KeyValue> out;
        Range range(*database_, std::max(first(prefix), behind(after)), end(prefix));
        for (range->SeekToFirst(); range->Valid(); range->Next()) {
            out.emplace_back(key_of(*range), range->value().ToString());
            if (out.size() == limit) break;
        }
        database_->check(range->status(), "read");
        return out;
    }

    std::optional<std::string> last_key(std::string_view prefix) const override {
        Range range(*database_, first(prefix), end(prefix));
        range->SeekToLast();
        database_->check(range->status(), "read");
        if (!range->Valid()) return std::nullopt;
        return key_of(*range);
    }

    void apply(const WriteBatch& batch) override {
        rocksdb::WriteBatch made;
        for (const auto& [key, value] : batch.puts) {
            assert(!key.empty());
            made.Put(own_key_ + key, value);
        }
        for (const auto& key : batch.erases) made.Delete(own_key_ + key);
        if (batch.position) made.Put(own_key_, written_by_ + encode_position(*batch.position));
        database_->write(made);
    }

    StoredPosition position() const override {
        const auto own = database_->get(own_key_);
        if (!own) return {};
        const auto place = place_in(*own);
        // Never the log's start beside values that are further.
        if (!place) database_->check(rocksdb::Status::Corruption("a partition's place"), "read");
        return place.value();
    }

    void wipe() override {
        rocksdb::WriteBatch made;
        // A range that is deleted costs every later reader a little: none for nothing.
        if (last_key("")) made.DeleteRange(own_key_, prefix_end(own_key_));
        made.Put(own_key_, written_by_ + encode_position({}));
        database_->write(made);
    }

private:
    // An iterator over [begin, end), which never looks beyond.
    class Range {
    public:
        Range(const Database& database, std::string begin, std::string end)
            : begin_(std::move(begin)), end_(std::move(end)), lower_(begin_), upper_(end_) {
            rocksdb::ReadOptions how;
            how.iterate_lower_bound = &lower_;
            how.iterate_upper_bound = &upper_;
            iterator_ = database.iterate(how);
        }
        rocksdb::Iterator* operator->() { return iterator_.get(); }
        rocksdb::Iterator& operator*() { return *iterator_; }
        Range(const Range&) = delete;
        Range& operator=(const Range&) = delete;

    private:
        std::string begin_;
        std::string end_;
        rocksdb::Slice lower_;
        rocksdb::Slice upper_;
        std::unique_ptr<rocksdb::Iterator> iterator_;
    };

    [[nodiscard]] std::optional<StoredPosition> place_in(std::string_view own) const {
        if (own.size() < written_by_.size()) return std::nullopt;
        return decode_position(own.substr(written_by_.size()));
    }
    // The least key in the database that counts for `prefix`; never the partition's own.
    [[nodiscard]] std::string first(std::string_view prefix) const {
        return prefix.empty() ? own_key_ + '\0' : own_key_ + std::string(prefix);
    }
    [[nodiscard]] std::string behind(std::string_view key) const {
        return own_key_ + std::string(key) + '\0';
    }
    [[nodiscard]] std::string end(std::string_view prefix) const {
        return prefix_end(own_key_ + std::string(prefix));
    }
    [[nodiscard]] std::string key_of(const rocksdb::Iterator& at) const {
        return at.key().ToString().substr(own_key_.size());
    }

    std::unique_ptr<Leases::Lease> lease_;  // null when inspected
    std::shared_ptr<Database> database_;    // shared: an owner may be destroyed after the store
    std::string own_key_;                   // also what all of its keys begin with
    std::string written_by_;
};

class RocksdbStore final : public Store {
public:
    explicit RocksdbStore(const RocksdbOptions& options)
        : database_(std::make_shared<Database>(options)) {}

    std::unique_ptr<PartitionStore> open(std::string_view domain, Partition partition,
                                         std::int32_t evolve_version) override {
        auto lease = leases_.take(domain, partition);
        if (!lease) return nullptr;
        auto opened = std::make_unique<RocksdbPartition>(
            database_, std::move(lease), partition_prefix(domain, partition), evolve_version);
        if (!opened->readable()) opened->wipe();
        return opened;
    }
    std::unique_ptr<const PartitionStore> inspect(std::string_view domain,
                                                  Partition partition) override {
        return std::make_unique<RocksdbPartition>(database_, nullptr,
                                                  partition_prefix(domain, partition), 0);
    }

private:
    Leases leases_;
    std::shared_ptr<Database> database_;  // shared: with what it opened
};

}  // namespace

std::unique_ptr<Store> open_rocksdb_store(const RocksdbOptions& options) {
    return std::make_unique<RocksdbStore>(options);
}

}  // namespace foldstream::store
