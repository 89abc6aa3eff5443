#ifndef CAIRN_LIB_AUDIT_VERIFIER_H_
#define CAIRN_LIB_AUDIT_VERIFIER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/audit.pb.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/audit.pb.h"
#include "lib/audit/signed_note.h"

namespace cairn::audit {

// What was found to hold.
struct VerifiedAudit {
  int64_t entries = 0;
  int64_t decisions = 0;        // made again, each with the same bytes
  int64_t other_decisions = 0;  // of persons: their identity follows from what they read
  // Judged by another edition of the code: only their identity is checked.
  int64_t other_editions = 0;
  int64_t checkpoints = 0;  // whose signatures hold
  std::string sha256;       // of the chain, 32 bytes
  VerifierKey key;          // that signs now
  // Entries from which on a key signs that nobody vouched for, because the one before was lost.
  std::vector<int64_t> lost_keys;
};

// Verifies an audit from its export alone: the chain is hashed anew, checkpoints are compared and
// their signatures verified, and every promotion is decided again. Holds all of it in memory. Not
// thread-safe.
//
//   Verifier verifier(pinned);
//   for each part: verifier.Take(part);
//   verifier.Finish();
//
// Whoever can write the store can write another chain, but not sign it: so this tells an honest
// audit from one that was edited, cut or put in another order by whom the key does not belong to.
// A pinned key and an older checkpoint, kept elsewhere, tell it from one signed by a thief or cut
// at an earlier checkpoint.
//
// All errors are DATA_LOSS (AUDIT_CHAIN_BROKEN); metadata `sequence` where an entry is to blame.
class Verifier {
 public:
  // Without a key, the first of the chain is believed.
  explicit Verifier(std::optional<VerifierKey> pinned = std::nullopt);

  // A checkpoint that was kept elsewhere: the chain must lead through it.
  void Expect(std::string note) { notes_.push_back(std::move(note)); }

  // Where the store says that the chain ends: stands in for a checkpoint of the last entries, which
  // only a server that stops signs. Of a store on the disk, which nobody else can have written to.
  void ExpectEnd(int64_t entries, std::string sha256) { end_.emplace(entries, std::move(sha256)); }

  // The next part. After an error nothing more is to be asked.
  absl::Status Take(v1::AuditPart part);

  // Everything was given. Decides again what is left to be.
  absl::StatusOr<VerifiedAudit> Finish();

 private:
  absl::Status TakeEntry(const std::string& bytes);
  absl::Status TakeValue(v1::AuditPart::Piece piece);
  // The bytes that an entry left; the image, or what is kept.
  absl::StatusOr<std::string> ImageOf(const internal::AuditEntryRecord& entry) const;
  absl::Status FollowKey(const internal::AuditEntryRecord& entry);
  absl::Status CheckNotes();
  absl::Status CheckEnd() const;
  absl::Status CheckDecision(const internal::AuditEntryRecord& entry);
  // Puts the candidates, which are kept apart, back into the decision of `entry`.
  absl::Status AddCandidates(const internal::AuditEntryRecord& entry,
                             internal::DecisionRecord& record) const;

  std::optional<VerifierKey> pinned_;
  std::vector<internal::AuditEntryRecord> entries_;
  std::vector<std::string> hashes_;  // of the chain, by the number of entries
  std::map<std::string, std::string> values_;
  std::string piece_sha256_;  // of the value that is being put together; else empty
  std::string piece_;
  std::vector<std::string> notes_;
  std::optional<std::pair<int64_t, std::string>> end_;
  std::optional<VerifierKey> signs_;  // by the chain
  std::optional<VerifierKey> told_;   // by the export
  std::vector<VerifierKey> keys_;     // of the chain
  std::vector<VerifierKey> trusted_;  // of those that are believed
  VerifiedAudit verified_;
};

}  // namespace cairn::audit

#endif  // CAIRN_LIB_AUDIT_VERIFIER_H_
