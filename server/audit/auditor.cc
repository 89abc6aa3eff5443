#include "server/audit/auditor.h"

#include <optional>
#include <utility>
#include <vector>

#include "cairn/internal/audit.pb.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/hash_chain.h"
#include "lib/base/status_macros.h"
#include "server/audit/key_file.h"
#include "server/storage/audit_chain.h"
#include "server/storage/keyspace.h"
#include "server/storage/write_set.h"

namespace cairn::audit {
namespace {

using internal::AuditKeyRecord;
using storage::WriteSet;

absl::Status Broken() {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::AUDIT_CHAIN_BROKEN,
               "the audit's newest key cannot be read")
      .ToStatus();
}

// The key that the chain says to sign now.
absl::StatusOr<std::optional<AuditKeyRecord>> NewestKey(const storage::Snapshot& snapshot) {
  const storage::Key prefix = storage::AuditByResourcePrefix(kKeyResource);
  std::string newest;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(storage::KeyRange::Prefix(prefix),
                                      storage::ScanOrder::kDescending,
                                      [&](std::string_view key, const storage::Record&) {
                                        newest = key.substr(prefix.bytes.size());
                                        return false;
                                      }));
  if (newest.empty()) return std::optional<AuditKeyRecord>();
  // Both keys end with the sequence, written alike.
  const storage::Key entry_key{storage::Family::kRecord,
                               storage::AuditEntryPrefix().bytes + newest};
  CAIRN_ASSIGN_OR_RETURN(const auto stored, snapshot.Get(entry_key));
  internal::AuditLinkRecord link;
  internal::AuditEntryRecord entry;
  AuditKeyRecord record;
  if (!stored.has_value() || !link.ParseFromString(stored->payload) ||
      !entry.ParseFromString(link.entry()) || !record.ParseFromString(entry.image())) {
    return Broken();
  }
  return std::make_optional(std::move(record));
}

// A new key under the chain's name; the first names the chain by itself.
absl::StatusOr<SignerKey> MakeKey(const std::optional<AuditKeyRecord>& before) {
  CAIRN_ASSIGN_OR_RETURN(Ed25519Key key, Ed25519Key::Generate());
  std::string name =
      before ? before->name() : "cairn-audit/" + Sha256Hex(key.public_key()).substr(0, 16);
  return SignerKey{std::move(name), std::move(key)};
}

// A rotation that was interrupted is finished if the chain knows the new key, else forgotten.
absl::Status FinishRotation(const std::string& data_dir,
                            const std::optional<AuditKeyRecord>& newest) {
  const auto staged = ReadStagedKeyFile(data_dir);  // perhaps half written
  const bool counts =
      staged.ok() && *staged && newest && (*staged)->key.public_key() == newest->public_key();
  return counts ? PlaceStagedKeyFile(data_dir) : RemoveStagedKeyFile(data_dir);
}

// Adds an entry about `key`; with `vouching`, the key before it, signed by that.
absl::Status AddKey(storage::KvStore& store, const SignerKey& key,
                    const std::optional<AuditKeyRecord>& before, const SignerKey* vouching,
                    std::string_view reason) {
  AuditKeyRecord record;
  record.set_name(key.name);
  record.set_public_key(key.key.public_key());
  record.set_reason(std::string(reason));
  if (before) record.set_previous_public_key(before->public_key());
  if (vouching != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(
        *record.mutable_signature(),
        vouching->key.Sign(SuccessionText(key.name, before->public_key(), record.public_key())));
  }
  WriteSet write_set;
  write_set.Audit(v1::Event::AUDIT_KEY_CHANGED, kKeyResource, record.SerializeAsString());
  return store.CommitAndWait(std::move(write_set)).status();
}

WriteSet CheckpointWrite(const v1::AuditCheckpoint& checkpoint) {
  internal::AuditCheckpointRecord record;
  record.set_note(checkpoint.note());
  WriteSet write_set;
  write_set.PutRecord(storage::AuditCheckpointKey(checkpoint.size()), record.SerializeAsString());
  return write_set;
}

bool IsOfProduction(v1::Event::Kind kind) {
  switch (kind) {
    case v1::Event::ALIAS_SET:
    case v1::Event::ALIAS_DELETED:
    case v1::Event::DECISION_MADE:
    case v1::Event::MODEL_VERSION_UPDATED:
    case v1::Event::MODEL_VERSION_DELETED:
    case v1::Event::POLICY_APPLIED:
    case v1::Event::POLICY_DELETED:
    case v1::Event::TOKEN_CREATED:
    case v1::Event::TOKEN_REVOKED:
    case v1::Event::ROLE_BINDING_SET:
    case v1::Event::ROLE_BINDING_DELETED:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Auditor>> Auditor::Open(storage::KvStore& store,
                                                       const std::string& data_dir) {
  CAIRN_ASSIGN_OR_RETURN(const auto before, NewestKey(*store.GetSnapshot()));
  std::optional<SignerKey> key;
  if (!data_dir.empty()) {
    CAIRN_RETURN_IF_ERROR(FinishRotation(data_dir, before));
    CAIRN_ASSIGN_OR_RETURN(key, ReadKeyFile(data_dir));
  }
  const bool made = !key.has_value();
  if (made) {
    CAIRN_ASSIGN_OR_RETURN(key, MakeKey(before));
    if (!data_dir.empty()) {
      CAIRN_RETURN_IF_ERROR(StageKeyFile(data_dir, *key));
      CAIRN_RETURN_IF_ERROR(PlaceStagedKeyFile(data_dir));
    }
  }
  if (!before || before->public_key() != key->key.public_key()) {
    const std::string_view reason = !before ? "the first key"
                                    : made  ? "the key before it was lost"
                                            : "the key file was replaced";
    CAIRN_RETURN_IF_ERROR(AddKey(store, *key, before, nullptr, reason));
  }
  return std::unique_ptr<Auditor>(new Auditor(store, *std::move(key)));
}

absl::StatusOr<VerifierKey> Auditor::Rotate(storage::KvStore& store, const std::string& data_dir) {
  // Makes sure that the file's key is the chain's.
  CAIRN_ASSIGN_OR_RETURN(const auto auditor, Open(store, data_dir));
  CAIRN_RETURN_IF_ERROR(auditor->Stop());
  CAIRN_ASSIGN_OR_RETURN(const auto before, NewestKey(*store.GetSnapshot()));
  CAIRN_ASSIGN_OR_RETURN(const SignerKey next, MakeKey(before));
  // A crash between these leaves a key that waits: whether it counts is what the chain says.
  CAIRN_RETURN_IF_ERROR(StageKeyFile(data_dir, next));
  CAIRN_RETURN_IF_ERROR(AddKey(store, next, before, &auditor->key_, "rotated"));
  CAIRN_RETURN_IF_ERROR(PlaceStagedKeyFile(data_dir));
  return next.verifier();
}

void Auditor::Start() {
  const auto end = storage::ReadAuditEnd(*store_.GetSnapshot());
  const int64_t size = end.ok() ? end->sequence : 0;
  next_checkpoint_ = (size / kEntriesPerCheckpoint + 1) * kEntriesPerCheckpoint;
  thread_ = std::thread([this] { Work(); });
  listener_ = store_.AddCommitListener(
      [this](storage::Revision, const std::vector<storage::Event>& events) {
        for (const storage::Event& event : events) {
          if (IsOfProduction(event.kind)) return Heard();
        }
      });
}

void Auditor::Heard() {
  const auto snapshot = store_.GetSnapshot();
  const auto end = storage::ReadAuditEnd(*snapshot);
  if (!end.ok() || end->sequence < next_checkpoint_) return;
  const auto checkpoint = Sign(*snapshot);
  if (!checkpoint.ok()) return;
  next_checkpoint_ = (end->sequence / kEntriesPerCheckpoint + 1) * kEntriesPerCheckpoint;
  MutexLock lock(&mutex_);
  due_ = *checkpoint;
  changed_.Signal();
}

void Auditor::Work() {
  while (true) {
    std::optional<v1::AuditCheckpoint> due;
    {
      MutexLock lock(&mutex_);
      while (!due_ && !closing_) changed_.Wait(&mutex_);
      if (!due_) return;
      due = std::exchange(due_, std::nullopt);
    }
    // One that is refused is made up for by the next, which covers all before it.
    store_.CommitAndWait(CheckpointWrite(*due)).IgnoreError();
  }
}

void Auditor::EndWork() {
  if (listener_ != 0) store_.RemoveCommitListener(std::exchange(listener_, 0));
  if (!thread_.joinable()) return;
  {
    MutexLock lock(&mutex_);
    closing_ = true;
    changed_.Signal();
  }
  thread_.join();
}

absl::Status Auditor::Stop() {
  EndWork();
  const auto snapshot = store_.GetSnapshot();
  CAIRN_ASSIGN_OR_RETURN(const v1::AuditCheckpoint checkpoint, Sign(*snapshot));
  CAIRN_ASSIGN_OR_RETURN(const auto kept,
                         snapshot->Get(storage::AuditCheckpointKey(checkpoint.size())));
  if (kept.has_value()) return absl::OkStatus();
  return store_.CommitAndWait(CheckpointWrite(checkpoint)).status();
}

Auditor::~Auditor() { EndWork(); }

absl::StatusOr<v1::AuditCheckpoint> Auditor::Sign(const storage::Snapshot& snapshot) const {
  CAIRN_ASSIGN_OR_RETURN(const storage::AuditEnd end, storage::ReadAuditEnd(snapshot));
  const std::string hash = end.sequence == 0 ? ChainStart() : end.sha256;
  v1::AuditCheckpoint checkpoint;
  CAIRN_ASSIGN_OR_RETURN(*checkpoint.mutable_note(), SignCheckpoint(key_, end.sequence, hash));
  checkpoint.set_verifier_key(FormatVerifierKey(key_.verifier()));
  checkpoint.set_size(end.sequence);
  checkpoint.set_sha256(HexEncode(hash));
  return checkpoint;
}

}  // namespace cairn::audit
