#ifndef CAIRN_SERVER_MLFLOW_TRANSFER_HOLDERS_H_
#define CAIRN_SERVER_MLFLOW_TRANSFER_HOLDERS_H_

#include <map>
#include <string>

#include "lib/base/mutex.h"
#include "server/auth/identity.h"

namespace cairn::mlflow {

// On whose behalf signed URLs were made: what is needed to ask, at each use of one, whether its
// holder is still who it was and still may. An entry is a caller, not a URL, so there are about as
// many as tokens. Lives in memory and goes with the process, as TicketKey does. Thread-safe.
class TransferHolders {
 public:
  // Where there are more, all are forgotten: their URLs are refused, and clients ask for others.
  static constexpr size_t kMostHolders = 10'000;

  // Remembers a caller, and returns the name of the entry: a digest, which tells nobody who it is.
  // REQUIRES: identity != nullptr
  std::string Learn(const auth::IdentityPtr& identity) CAIRN_EXCLUDES(mutex_);

  // Null if nobody has this name.
  auth::IdentityPtr Find(const std::string& holder) const CAIRN_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, auth::IdentityPtr> holders_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_TRANSFER_HOLDERS_H_
