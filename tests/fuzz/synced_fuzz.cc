// Any bytes as a log, an edit of a MANIFEST or a record of what was synced: no crash, what a scan
// calls whole is whole when the rest is cut off, and a record that is read is written the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/storage/rocks_log.h"
#include "server/storage/rocks_manifest.h"
#include "server/storage/synced_files.h"

namespace {

using cairn::storage::RocksLogEnd;

void Require(bool holds) {
  if (!holds) std::abort();
}

RocksLogEnd Scan(std::string_view file, int* records) {
  cairn::storage::RocksManifest manifest;
  return *cairn::storage::ScanRocksLog(file, [&](uint64_t, std::string_view record) {
    ++*records;
    manifest.Apply(record).IgnoreError();
    return absl::OkStatus();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  cairn::storage::RocksManifest manifest;
  manifest.Apply(bytes).IgnoreError();
  if (const auto state = cairn::storage::DecodeSyncedState(bytes)) {
    Require(bytes.substr(0, EncodeSyncedState(*state).size()) == EncodeSyncedState(*state));
  }
  int records = 0, again = 0;
  const RocksLogEnd end = Scan(bytes, &records);
  Require(end.valid_bytes <= size && end.data_bytes <= size);
  const RocksLogEnd cut = Scan(bytes.substr(0, end.valid_bytes), &again);
  Require(cut.clean() && again == records && cut.valid_bytes == end.valid_bytes);
  return 0;
}
