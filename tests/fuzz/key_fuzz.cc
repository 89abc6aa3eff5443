// Any bytes as a key: no crash, and what is read as a component is written back as
// the bytes that were read; any two texts keep their order as keys.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/storage/key_codec.h"
#include "server/storage/keyspace.h"

namespace {

namespace storage = cairn::storage;

void Require(bool holds) {
  if (!holds) std::abort();
}

// The bytes of `key` begin with those that `written` has.
void RequireWritten(std::string_view key, const std::string& written) {
  Require(key.substr(0, written.size()) == written);
}

void ReadComponents(std::string_view key) {
  std::string written;
  if (const auto text = storage::KeyReader(key).ReadString()) {
    storage::AppendKeyString(&written, *text);
    RequireWritten(key, written);
  }
  written.clear();
  if (const auto number = storage::KeyReader(key).ReadInt64()) {
    storage::AppendKeyInt64(&written, *number);
    RequireWritten(key, written);
  }
  written.clear();
  if (const auto number = storage::KeyReader(key).ReadInt64Descending()) {
    storage::AppendKeyInt64Descending(&written, *number);
    RequireWritten(key, written);
  }
  static_cast<void>(storage::KeyReader(key).ReadDouble());
  static_cast<void>(storage::OwnerOfMetricKey(key));
  static_cast<void>(storage::RunIdOfRunByExperiment(key));
  static_cast<void>(storage::LastStringOf(storage::RunPrefix(), key));
}

void CompareTexts(std::string_view a, std::string_view b) {
  std::string key_a;
  std::string key_b;
  storage::AppendKeyString(&key_a, a);
  storage::AppendKeyString(&key_b, b);
  Require((a < b) == (key_a < key_b) && (a == b) == (key_a == key_b));
  const std::string end = storage::PrefixEnd(a);
  Require(end.empty() || (std::string(a) < end && std::string(a) + "\xff\xff" < end));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadComponents(bytes);
  if (size < 1) return 0;
  const size_t split = data[0] % size;
  CompareTexts(bytes.substr(1, split), bytes.substr(1 + std::min(split, size - 1)));
  return 0;
}
