#include "lib/base/ids.h"

#include <atomic>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/random_bytes.h"

namespace cairn {
namespace {

bool IsLowerHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class RandomIds final : public IdSource {
 public:
  std::string NewHexId() override { return HexEncode(RandomBytes(16)); }
};

class SequentialIds final : public IdSource {
 public:
  explicit SequentialIds(uint64_t seed) : seed_(seed) {}
  std::string NewHexId() override { return fmt::format("{:016x}{:016x}", seed_, next_++); }

 private:
  const uint64_t seed_;
  std::atomic<uint64_t> next_{1};
};

}  // namespace

std::string Uuid4OfHex(std::string hex) {
  hex[12] = '4';
  // Of the four bits that begin the second half the first two are 10.
  constexpr std::string_view kVariants = "89ab";
  const char digit = hex[16];
  hex[16] = kVariants[static_cast<size_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10) % 4];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

std::string IdSource::NewUuid4() { return Uuid4OfHex(NewHexId()); }

IdSource& SystemIds() {
  static RandomIds ids;
  return ids;
}

std::unique_ptr<IdSource> MakeSequentialIds(uint64_t seed) {
  return std::make_unique<SequentialIds>(seed);
}

bool IsHexId(std::string_view text) { return text.size() == 32 && IsLowerHex(text); }

bool IsUuid4(std::string_view text) {
  if (text.size() != 36) return false;
  for (const size_t dash : {8U, 13U, 18U, 23U}) {
    if (text[dash] != '-') return false;
  }
  std::string digits;
  for (const char c : text) {
    if (c != '-') digits.push_back(c);
  }
  return digits.size() == 32 && IsLowerHex(digits) && text[14] == '4' &&
         std::string_view("89ab").find(text[19]) != std::string_view::npos;
}

}  // namespace cairn
