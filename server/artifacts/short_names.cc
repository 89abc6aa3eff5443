#include "server/artifacts/short_names.h"

#include <algorithm>
#include <charconv>

namespace cairn::artifacts {
namespace {

constexpr size_t kMinUnsettled = 64 << 10;

}  // namespace

ShortName ShortNameOf(std::string_view sha256) {
  if (sha256.size() < 32) return 0;
  ShortName name = 0;
  for (size_t i = 0; i < sizeof(name); ++i) {
    name = name << 8 | static_cast<unsigned char>(sha256[i]);
  }
  return name;
}

ShortName ShortNameOf(const Digest& digest) {
  ShortName name = 0;
  for (size_t i = 0; i < sizeof(name); ++i) name = name << 8 | digest.sha256[i];
  return name;
}

ShortName ShortNameOfHex(std::string_view sha256_hex) {
  ShortName name = 0;
  if (sha256_hex.size() != 64) return 0;
  std::from_chars(sha256_hex.data(), sha256_hex.data() + 16, name, 16);
  return name;
}

void ShortNameSet::Add(ShortName name) {
  names_.push_back(name);
  // The same blob is referred to many times: room for all of them would be too much.
  if (names_.size() - settled_ >= std::max(settled_, kMinUnsettled)) Compact();
}

void ShortNameSet::Compact() {
  if (settled_ == names_.size()) return;
  const auto middle = names_.begin() + static_cast<std::ptrdiff_t>(settled_);
  std::sort(middle, names_.end());
  std::inplace_merge(names_.begin(), middle, names_.end());
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
  settled_ = names_.size();
}

bool ShortNameSet::Contains(ShortName name) const {
  return std::binary_search(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(settled_),
                            name);
}

void ShortNameSet::Clear() {
  std::vector<ShortName>().swap(names_);
  settled_ = 0;
}

}  // namespace cairn::artifacts
