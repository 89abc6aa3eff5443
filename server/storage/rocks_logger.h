#ifndef CAIRN_SERVER_STORAGE_ROCKS_LOGGER_H_
#define CAIRN_SERVER_STORAGE_ROCKS_LOGGER_H_

#include <functional>
#include <memory>
#include <string_view>

#include "rocksdb/env.h"

namespace cairn::storage {

// Private to the RocksDB store, as rocks_open.h is.

// A logger for RocksDB that gives its warnings and errors to `on_warning`, a line each,
// and drops the rest. Without one it drops everything. Safe to call from any thread if
// `on_warning` is. RocksDB writes no LOG file then, which would grow beside the data.
std::shared_ptr<rocksdb::Logger> MakeRocksLogger(std::function<void(std::string_view)> on_warning);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_ROCKS_LOGGER_H_
