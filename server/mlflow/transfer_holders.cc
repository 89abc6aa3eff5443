#include "server/mlflow/transfer_holders.h"

#include "fmt/format.h"
#include "lib/base/digest.h"

namespace cairn::mlflow {

std::string TransferHolders::Learn(const auth::IdentityPtr& identity) {
  // A principal may have several tokens, and one of them may be revoked.
  const std::string name = Sha256Hex(
      fmt::format("{}:{}{}", identity->token.size(), identity->token, identity->principal));
  const MutexLock lock(&mutex_);
  if (holders_.size() >= kMostHolders && holders_.find(name) == holders_.end()) holders_.clear();
  holders_[name] = identity;
  return name;
}

auth::IdentityPtr TransferHolders::Find(const std::string& holder) const {
  const MutexLock lock(&mutex_);
  const auto found = holders_.find(holder);
  return found == holders_.end() ? nullptr : found->second;
}

}  // namespace cairn::mlflow
