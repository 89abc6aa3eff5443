#ifndef CAIRN_LIB_BASE_IDS_H_
#define CAIRN_LIB_BASE_IDS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cairn {

// Makes unguessable identifiers; injected so that tests get known ones.
//
// Implementations are safe to call from any thread.
class IdSource {
 public:
  virtual ~IdSource() = default;

  // 32 lower-case hexadecimal characters (128 random bits): a run's id.
  virtual std::string NewHexId() = 0;

  // A random UUID in its canonical text form (RFC 4122, version 4).
  std::string NewUuid4();
};

// The version 4 UUID of 32 lower-case hexadecimal digits: they themselves, but for the bits that
// say the version and the variant.
std::string Uuid4OfHex(std::string hex);

// Ids from the operating system's random source. Lives as long as the process.
IdSource& SystemIds();

// A fixed sequence of ids that depends only on `seed`; for tests.
std::unique_ptr<IdSource> MakeSequentialIds(uint64_t seed);

// True for 32 lower-case hexadecimal characters.
bool IsHexId(std::string_view text);

// True for the canonical text form of a version 4 UUID, lower case.
bool IsUuid4(std::string_view text);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_IDS_H_
