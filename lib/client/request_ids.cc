#include "lib/client/request_ids.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/digest.h"

namespace cairn::client {

RequestIds::RequestIds(IdSource& ids, std::string base) : ids_(ids), base_(std::move(base)) {}

std::string RequestIds::Next(std::string_view method) {
  if (base_.empty()) return ids_.NewUuid4();
  MutexLock lock(&mutex_);
  auto at = counts_.find(method);
  if (at == counts_.end()) at = counts_.emplace(method, 0).first;
  return DeriveRequestId(base_, method, at->second++);
}

std::string DeriveRequestId(std::string_view base, std::string_view method, uint64_t count) {
  std::string hex = Sha256Hex(fmt::format("{}\n{}\n{}", base, method, count)).substr(0, 32);
  hex[12] = '4';
  // Of the four bits that begin the second half the first two are 10.
  constexpr std::string_view kVariants = "89ab";
  const char digit = hex[16];
  hex[16] = kVariants[static_cast<size_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10) % 4];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

}  // namespace cairn::client
