#ifndef CAIRN_SERVER_ARTIFACTS_QUARANTINE_H_
#define CAIRN_SERVER_ARTIFACTS_QUARANTINE_H_

#include "absl/status/status.h"
#include "lib/base/digest.h"
#include "server/storage/kv_store.h"

namespace cairn::artifacts {

// Puts a blob in quarantine that was found damaged while its entry was at `revision`: from
// then on it is missing for whoever asks, and sending it again heals it. Nothing happens when
// the entry is another by now, cannot be read at all (then it is missing already), or is in
// quarantine.

// Waits for the commit, so that who is told of the damage after it can send the blob again at
// once. OK when another one was faster. Errors of KvStore::Commit; a reader leaves them to
// the next one who finds the damage.
absl::Status Quarantine(storage::KvStore& store, const Digest& digest, storage::Revision revision);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_QUARANTINE_H_
