// Any bytes may be given as a packed file: zip archives, workbooks, gzip and zstd data.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pipeline/data/load.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cairn::pipeline::LoadOptions options;
  options.threads = 1;
  options.limits.max_decompressed_bytes = uint64_t{16} << 20;
  const auto loaded = cairn::pipeline::LoadTransactionsFromBytes(
      std::string_view(reinterpret_cast<const char*>(data), size), options);
  static_cast<void>(loaded.ok());
  return 0;
}
