// The store on disk: one RocksDB a process, in a folder of its own. Deleting the folder loses
// nothing, and a folder that cannot be read is replaced by an empty one.
// Why it is so: docs/decisions/0013-rocksdb-as-a-cache.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "common/store/store.hpp"

namespace foldstream::store {

// Memory stays below the cache and max_write_buffers write buffers (64 + 3 * 16 MiB as shipped),
// plus a few MiB for a compaction and the files' handles.
struct RocksdbOptions {
    std::string folder = {};
    std::size_t cache_mib = 64;  // blocks, indexes and filters, uncompressed
    // What a crash loses is in these at most: it is read from the log again.
    std::size_t write_buffer_bytes = 16 * 1024 * 1024;
    // For a folder in use: a process that was killed keeps its lock until its last thread has gone,
    // which may be after its supervisor has seen it end.
    std::chrono::milliseconds lock_wait{5000};
    // Told what was found wrong and mended: a sentence. Called by whoever opens or closes.
    std::function<void(const std::string&)> warn = {};
};

inline constexpr int max_write_buffers = 3;

// Opens, or makes, the folder's store. It writes everything to disk when it and what it opened have
// been destroyed. Throws StoreError: the folder cannot be made, or another process has it open
// and keeps it so for lock_wait.
std::unique_ptr<Store> open_rocksdb_store(const RocksdbOptions& options);

}  // namespace foldstream::store
