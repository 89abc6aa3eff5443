#ifndef CAIRN_SERVER_STORAGE_CRC32C_H_
#define CAIRN_SERVER_STORAGE_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace cairn::storage {

// CRC-32C (Castagnoli, RFC 3720), continuing from `crc`, the value for what came
// before (0 for nothing): Crc32c("ab") == Crc32c("b", Crc32c("a")).
//
// Guards stored bytes against damage, not against malice. Uses the processor's
// instruction where there is one (about 8 GB/s), else a table; the result is
// the same. Pure; safe to call from any thread.
uint32_t Crc32c(std::string_view bytes, uint32_t crc = 0);

// The table form, which Crc32c falls back to; for tests.
uint32_t Crc32cPortable(std::string_view bytes, uint32_t crc = 0);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_CRC32C_H_
