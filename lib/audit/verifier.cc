#include "lib/audit/verifier.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/hash_chain.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/replay.h"
#include "lib/promotion/stored_candidates.h"

namespace cairn::audit {
namespace {

using internal::AuditEntryRecord;

absl::Status Broken(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::AUDIT_CHAIN_BROKEN,
               fmt::format("the audit is not as it was written: {}", what))
      .ToStatus();
}

absl::Status BrokenAt(int64_t sequence, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::AUDIT_CHAIN_BROKEN,
               fmt::format("the audit is not as it was written: entry {}: {}", sequence, what))
      .With("sequence", std::to_string(sequence))
      .ToStatus();
}

bool Contains(const std::vector<VerifierKey>& keys, const VerifierKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Verifier::Verifier(std::optional<VerifierKey> pinned)
    : pinned_(std::move(pinned)), hashes_{ChainStart()} {
  if (pinned_) trusted_.push_back(*pinned_);
}

absl::Status Verifier::Take(v1::AuditPart part) {
  if (!piece_sha256_.empty() && !part.has_value()) return Broken("a kept value ends too early");
  switch (part.part_case()) {
    case v1::AuditPart::kEntry:
      return TakeEntry(part.entry());
    case v1::AuditPart::kValue:
      return TakeValue(std::move(*part.mutable_value()));
    case v1::AuditPart::kNote:
      notes_.push_back(part.note());
      return absl::OkStatus();
    case v1::AuditPart::kVerifierKey:
      told_ = ParseVerifierKey(part.verifier_key());
      return told_ ? absl::OkStatus() : Broken("the key that signs is none");
    case v1::AuditPart::PART_NOT_SET:
      break;
  }
  return Broken("a part of the export is of no known kind");
}

absl::Status Verifier::TakeEntry(const std::string& bytes) {
  const auto sequence = static_cast<int64_t>(entries_.size()) + 1;
  AuditEntryRecord entry;
  if (!entry.ParseFromString(bytes)) return BrokenAt(sequence, "it cannot be read");
  if (entry.sequence() != sequence) {
    return BrokenAt(sequence, fmt::format("entry {} stands in its place", entry.sequence()));
  }
  if (!entries_.empty() && entry.revision() < entries_.back().revision()) {
    return BrokenAt(sequence, "its revision is before that of the entry before");
  }
  if (!entry.image().empty() && Sha256Hex(entry.image()) != entry.value_sha256()) {
    return BrokenAt(sequence, "its image has another digest");
  }
  if (entry.kind() == v1::Event::AUDIT_KEY_CHANGED) CAIRN_RETURN_IF_ERROR(FollowKey(entry));
  hashes_.push_back(ChainHash(hashes_.back(), bytes));
  entries_.push_back(std::move(entry));
  return absl::OkStatus();
}

absl::Status Verifier::TakeValue(v1::AuditPart::Piece piece) {
  if (!piece_sha256_.empty() && piece.sha256() != piece_sha256_) {
    return Broken("a kept value ends too early");
  }
  piece_ += piece.data();
  piece_sha256_ = piece.more() ? piece.sha256() : std::string();
  if (piece.more())
    return piece.sha256().empty() ? Broken("a kept value has no digest") : absl::OkStatus();
  if (Sha256Hex(piece_) != piece.sha256()) {
    return Broken(fmt::format("the value kept under {} is another", piece.sha256()));
  }
  values_.insert_or_assign(piece.sha256(), std::exchange(piece_, {}));
  return absl::OkStatus();
}

absl::StatusOr<std::string> Verifier::ImageOf(const AuditEntryRecord& entry) const {
  if (!entry.image().empty() || entry.value_sha256().empty()) return entry.image();
  const auto kept = values_.find(entry.value_sha256());
  if (kept == values_.end()) return BrokenAt(entry.sequence(), "what it left is not kept");
  return kept->second;
}

// A key is believed when the one before it vouches for it, when it is the first and none is pinned,
// or when it is the pinned one.
absl::Status Verifier::FollowKey(const AuditEntryRecord& entry) {
  internal::AuditKeyRecord record;
  if (!record.ParseFromString(entry.image()) || record.public_key().size() != 32) {
    return BrokenAt(entry.sequence(), "its key cannot be read");
  }
  const VerifierKey key{record.name(), record.public_key()};
  const std::string before = signs_ ? signs_->public_key : std::string();
  if (record.previous_public_key() != before) {
    return BrokenAt(entry.sequence(), "its key follows another than the chain's");
  }
  const bool vouched =
      signs_ &&
      VerifyEd25519(before, SuccessionText(key.name, before, key.public_key), record.signature());
  if (signs_ && !record.signature().empty() && !vouched) {
    return BrokenAt(entry.sequence(), "the key before it did not sign it");
  }
  if (signs_ && !vouched) verified_.lost_keys.push_back(entry.sequence());
  const bool believed = signs_ ? vouched && Contains(trusted_, *signs_) : !pinned_.has_value();
  if (believed && !Contains(trusted_, key)) trusted_.push_back(key);
  keys_.push_back(key);
  signs_ = key;
  return absl::OkStatus();
}

absl::Status Verifier::CheckEnd() const {
  const auto& [entries, sha256] = *end_;
  if (entries != static_cast<int64_t>(entries_.size())) {
    return Broken(
        fmt::format("it has {} entries, and its end is told to be {}", entries_.size(), entries));
  }
  return sha256 == hashes_.back() ? absl::OkStatus() : BrokenAt(entries, "its hash is another");
}

absl::Status Verifier::CheckNotes() {
  int64_t newest = -1;
  for (const std::string& text : notes_) {
    const auto note = ParseCheckpoint(text);
    if (!note) return Broken("a checkpoint cannot be read");
    const int64_t size = note->checkpoint.size;
    if (size >= static_cast<int64_t>(hashes_.size())) {
      return Broken(fmt::format("it has {} entries and a checkpoint is of {}: it was cut",
                                entries_.size(), size));
    }
    if (note->checkpoint.sha256 != hashes_[static_cast<size_t>(size)]) {
      return BrokenAt(size, "the checkpoint after it has another hash");
    }
    // What a believed key signed covers all before it, whoever signed that.
    const auto signed_it = [&](const VerifierKey& key) { return IsSignedBy(*note, key); };
    const bool is_newest = size + 1 == static_cast<int64_t>(hashes_.size());
    const auto& keys = is_newest && !end_.has_value() ? trusted_ : keys_;
    if (std::none_of(keys.begin(), keys.end(), signed_it)) {
      return Broken(fmt::format(
          "the checkpoint of {} entries is not signed by a key that is "
          "believed{}",
          size, verified_.lost_keys.empty() ? "" : "; a key was lost: name the one that followed"));
    }
    newest = std::max(newest, size);
  }
  verified_.checkpoints = static_cast<int64_t>(notes_.size());
  if (end_.has_value()) return CheckEnd();
  if (newest < 0) return Broken("no checkpoint is there");
  if (newest + 1 != static_cast<int64_t>(hashes_.size())) {
    return BrokenAt(newest + 1, "no checkpoint covers it");
  }
  return absl::OkStatus();
}

absl::Status Verifier::AddCandidates(const AuditEntryRecord& entry,
                                     internal::DecisionRecord& record) const {
  // Earlier decisions hold them themselves.
  if (record.candidates_sha256().empty()) return absl::OkStatus();
  const auto kept = values_.find(record.candidates_sha256());
  if (kept == values_.end()) return BrokenAt(entry.sequence(), "its candidates are not kept");
  const absl::Status joined = promotion::JoinCandidates(kept->second, record);
  return joined.ok() ? joined : BrokenAt(entry.sequence(), std::string(joined.message()));
}

absl::Status Verifier::CheckDecision(const AuditEntryRecord& entry) {
  CAIRN_ASSIGN_OR_RETURN(const std::string image, ImageOf(entry));
  internal::DecisionRecord record;
  if (!record.ParseFromString(image)) return BrokenAt(entry.sequence(), "its decision is none");
  CAIRN_RETURN_IF_ERROR(AddCandidates(entry, record));
  const v1::Decision& decision = record.decision();
  if (decision.name() != entry.resource()) return BrokenAt(entry.sequence(), "another decision");
  const absl::Status itself = promotion::CheckIdentity(decision);
  if (!itself.ok()) return BrokenAt(entry.sequence(), std::string(itself.message()));
  if (!promotion::IsReplayable(decision)) {
    ++(promotion::IsOfAnotherEdition(decision) ? verified_.other_editions
                                               : verified_.other_decisions);
    return absl::OkStatus();
  }
  const auto rule = values_.find(entry.rule_sha256());
  if (rule == values_.end()) return BrokenAt(entry.sequence(), "its policy's text is not kept");
  const absl::Status same = promotion::Replay(
      decision, rule->second, [this](const std::string& sha256) -> std::optional<std::string> {
        const auto kept = values_.find(sha256);
        return kept == values_.end() ? std::nullopt : std::make_optional(kept->second);
      });
  if (!same.ok()) return BrokenAt(entry.sequence(), std::string(same.message()));
  ++verified_.decisions;
  return absl::OkStatus();
}

absl::StatusOr<VerifiedAudit> Verifier::Finish() {
  if (!piece_sha256_.empty()) return Broken("a kept value ends too early");
  if (!signs_) return Broken("no key stands in it");
  if (told_ && *told_ != *signs_) return Broken("the key that signs does not stand in it");
  CAIRN_RETURN_IF_ERROR(CheckNotes());
  for (const AuditEntryRecord& entry : entries_) {
    if (entry.kind() == v1::Event::DECISION_MADE) CAIRN_RETURN_IF_ERROR(CheckDecision(entry));
  }
  verified_.entries = static_cast<int64_t>(entries_.size());
  verified_.sha256 = hashes_.back();
  verified_.key = *signs_;
  return verified_;
}

}  // namespace cairn::audit
