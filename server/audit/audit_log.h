#ifndef CAIRN_SERVER_AUDIT_AUDIT_LOG_H_
#define CAIRN_SERVER_AUDIT_AUDIT_LOG_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/audit.pb.h"
#include "server/audit/auditor.h"
#include "server/auth/allowance.h"
#include "server/storage/kv_store.h"

namespace cairn::audit {

// Reading the audit. Pure but for reading. Errors are those of AuditService's methods.

// One page, newest first; without entries about what `sight` does not see. Those about tokens, role
// bindings and keys are seen by who may READ everything.
absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(
    const storage::Snapshot& snapshot, const v1::ListAuditEntriesRequest& request,
    const auth::Sight& sight = auth::Sight::All());

// Everything there is at one snapshot, part by part: the key that signs, values, the candidates of
// each decision as one value (lib/promotion/stored_candidates.h), entries, checkpoints, and last a
// new checkpoint of the end. Used by one thread at a time.
class Export {
 public:
  // The auditor outlives it. Without one, of a store that is only looked at, there is neither the
  // key that signs nor a new checkpoint.
  Export(std::unique_ptr<storage::Snapshot> snapshot, const Auditor* auditor);

  // The next part, at most 64 KiB; nullopt at the end. DATA_LOSS where something stored cannot be
  // read.
  absl::StatusOr<std::optional<v1::AuditPart>> Next();

  // Hands each part to `take`, until one is refused; that is the answer then. Errors of Next.
  absl::Status ForEach(const std::function<absl::Status(v1::AuditPart)>& take);

 private:
  enum class Stage { kKey, kValues, kCandidates, kEntries, kNotes, kNewest, kEnd };
  // The next record of a prefix, behind the last one; nullopt at the end, and the stage moves on.
  absl::StatusOr<std::optional<storage::Record>> NextRecord(const storage::Key& prefix,
                                                            Stage after);
  // The next piece of a kept value, or of the candidates of a decision.
  absl::StatusOr<std::optional<v1::AuditPart>> NextValue();
  // Loads the next of either; false at the end of its stage.
  absl::StatusOr<bool> LoadKeptValue();
  absl::StatusOr<bool> LoadCandidates();
  absl::StatusOr<std::optional<v1::AuditPart>> NextEntry();
  absl::StatusOr<std::optional<v1::AuditPart>> NextNote();

  std::unique_ptr<storage::Snapshot> snapshot_;
  const Auditor* const auditor_;
  v1::AuditCheckpoint newest_;
  Stage stage_ = Stage::kKey;
  std::string last_key_;  // of the stage
  std::string value_sha256_;
  std::string value_;  // what is left of a value
};

}  // namespace cairn::audit

#endif  // CAIRN_SERVER_AUDIT_AUDIT_LOG_H_
