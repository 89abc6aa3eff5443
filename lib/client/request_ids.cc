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
  return Uuid4OfHex(Sha256Hex(fmt::format("{}\n{}\n{}", base, method, count)).substr(0, 32));
}

}  // namespace cairn::client
