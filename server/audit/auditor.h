#ifndef CAIRN_SERVER_AUDIT_AUDITOR_H_
#define CAIRN_SERVER_AUDIT_AUDITOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/audit.pb.h"
#include "lib/audit/signed_note.h"
#include "lib/base/mutex.h"
#include "server/storage/kv_store.h"

namespace cairn::audit {

// The resource of the entries about keys.
inline constexpr char kKeyResource[] = "audit/key";

// Signs where the audit's chain ends: for who asks, each time it grew by kEntriesPerCheckpoint, and
// when the server stops. Checkpoints of the last two kinds are kept for ever.
//
// The key is the data directory's (key_file.h). When a store is opened the key is made if there is
// none, and an entry says so whenever it is another than the chain's newest: the key before signs
// for its successor (a rotation), or, where it was lost, nobody does, which whoever verifies is
// told. So every key that ever signed stands in the chain.
//
// Thread-safe. The store outlives it; none else may open the directory.
class Auditor {
 public:
  static constexpr int64_t kEntriesPerCheckpoint = 1000;

  // Loads or makes the key, and adds the entry about it if it is new. With an empty `data_dir` the
  // key lives as long as this: for stores in memory.
  //   FAILED_PRECONDITION (AUDIT_KEY_UNUSABLE), and the errors of files and commits
  static absl::StatusOr<std::unique_ptr<Auditor>> Open(storage::KvStore& store,
                                                       const std::string& data_dir);

  // Gives the store in `data_dir` another key; the one before signs for it. Answers the new one.
  static absl::StatusOr<VerifierKey> Rotate(storage::KvStore& store, const std::string& data_dir);

  // Follows the commits from now on, with a thread that keeps checkpoints.
  void Start() CAIRN_EXCLUDES(mutex_);
  // Keeps a last checkpoint, unless the newest one is of the chain's end.
  absl::Status Stop() CAIRN_EXCLUDES(mutex_);
  ~Auditor();

  // The key that signs.
  VerifierKey verifier() const { return key_.verifier(); }

  // Where the chain ends at `snapshot`, signed.
  absl::StatusOr<v1::AuditCheckpoint> Sign(const storage::Snapshot& snapshot) const;

 private:
  Auditor(storage::KvStore& store, SignerKey key) : store_(store), key_(std::move(key)) {}
  // On the committer's thread, which must not commit.
  void Heard() CAIRN_EXCLUDES(mutex_);
  void Work() CAIRN_EXCLUDES(mutex_);
  void EndWork() CAIRN_EXCLUDES(mutex_);

  storage::KvStore& store_;
  const SignerKey key_;
  int64_t listener_ = 0;
  int64_t next_checkpoint_ = 0;  // the committer's thread, once it is started

  Mutex mutex_;
  CondVar changed_;
  std::optional<v1::AuditCheckpoint> due_ CAIRN_GUARDED_BY(mutex_);
  bool closing_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cairn::audit

#endif  // CAIRN_SERVER_AUDIT_AUDITOR_H_
