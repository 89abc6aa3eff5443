#include "server/storage/commit_group.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"

namespace cairn::storage {
namespace {

constexpr int64_t kOverheadBytes = 64;  // envelope and bookkeeping of one key

bool IsCommittersOwn(const Key& key) {
  static const Key last_revision = LastRevisionKey();
  static const Key format = FormatKey();
  return key.family == Family::kEvent || key == last_revision || key == format;
}

absl::Status Invalid(const Key& key, std::string_view rule) {
  const std::string hex = HexEncode(key.bytes);
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::WRITE_SET_INVALID,
               fmt::format("the write set is not valid at {}:{}: {}", FamilyName(key.family), hex,
                           rule))
      .With("family", FamilyName(key.family))
      .With("key", hex)
      .With("rule", rule)
      .Field("write_set", rule);
}

absl::Status TooLarge(int64_t bytes) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::WRITE_SET_INVALID,
               fmt::format("the write set has {} bytes; the limit is {}", bytes, kMaxWriteSetBytes))
      .With("bytes", std::to_string(bytes))
      .With("limitBytes", std::to_string(kMaxWriteSetBytes))
      .Field("write_set", "must fit the limit");
}

absl::Status Conflict(const Key& key) {
  const std::string hex = HexEncode(key.bytes);
  return Error(absl::StatusCode::kAborted, ErrorReason::COMMIT_CONFLICT,
               fmt::format("another commit changed {}:{}", FamilyName(key.family), hex))
      .With("family", FamilyName(key.family))
      .With("key", hex);
}

bool Holds(const Precondition& condition, const std::optional<Record>& state) {
  switch (condition.kind) {
    case Precondition::Kind::kAbsent:
      return !state.has_value();
    case Precondition::Kind::kExists:
      return state.has_value();
    case Precondition::Kind::kRevision:
      return state.has_value() && state->mod_revision == condition.revision;
  }
  return false;
}

}  // namespace

int64_t WriteSetBytes(const WriteSet& set) {
  int64_t bytes = 0;
  const auto add = [&bytes](const auto&... parts) {
    bytes += (static_cast<int64_t>(parts.size()) + ... + kOverheadBytes);
  };
  for (const Precondition& condition : set.preconditions) add(condition.key.bytes);
  for (const Put& put : set.puts) add(put.key.bytes, put.payload);
  for (const Merge& merge : set.merges) add(merge.key.bytes, merge.operand);
  for (const Key& key : set.deletes) add(key.bytes);
  for (const Event& event : set.events) add(event.resource, event.kind, event.payload);
  return bytes;
}

absl::Status CheckWriteSet(const WriteSet& set) {
  std::vector<const Key*> written;
  written.reserve(set.puts.size() + set.merges.size() + set.deletes.size());
  for (const Put& put : set.puts) written.push_back(&put.key);
  for (const Merge& merge : set.merges) written.push_back(&merge.key);
  for (const Key& key : set.deletes) written.push_back(&key);
  for (const Key* key : written) {
    if (IsCommittersOwn(*key)) return Invalid(*key, "only the committer writes this key");
  }
  std::sort(written.begin(), written.end(), [](const Key* a, const Key* b) { return *a < *b; });
  const auto twice = std::adjacent_find(written.begin(), written.end(),
                                        [](const Key* a, const Key* b) { return *a == *b; });
  if (twice != written.end()) return Invalid(**twice, "a key may be written only once");
  const int64_t bytes = WriteSetBytes(set);
  if (bytes > kMaxWriteSetBytes) return TooLarge(bytes);
  return absl::OkStatus();
}

CommitGroup::CommitGroup(std::vector<WriteSet> sets) : sets_(std::move(sets)) {
  for (const WriteSet& set : sets_) {
    for (const Precondition& condition : set.preconditions) AddSlot(condition.key, true);
    for (const Put& put : set.puts) AddSlot(put.key, !put.blind);
    for (const Merge& merge : set.merges) AddSlot(merge.key, true);
    for (const Key& key : set.deletes) AddSlot(key, false);
  }
  std::sort(slots_.begin(), slots_.end(),
            [](const Slot& a, const Slot& b) { return *a.key < *b.key; });
  size_t kept = 0;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (kept > 0 && *slots_[kept - 1].key == *slots_[i].key) {
      slots_[kept - 1].load |= slots_[i].load;
    } else {
      if (kept != i) slots_[kept] = std::move(slots_[i]);
      ++kept;
    }
  }
  slots_.resize(kept);
  for (const Slot& slot : slots_) {
    if (slot.load) keys_to_load_.push_back(slot.key);
  }
}

void CommitGroup::Load(std::vector<absl::StatusOr<std::optional<Record>>> records) {
  size_t next = 0;
  for (Slot& slot : slots_) {
    if (slot.load) slot.state = std::move(records[next++]);
  }
}

CommitGroup::Slot& CommitGroup::SlotOf(const Key& key) {
  return *std::lower_bound(slots_.begin(), slots_.end(), key,
                           [](const Slot& slot, const Key& k) { return *slot.key < k; });
}

absl::Status CommitGroup::Check(const WriteSet& set) {
  for (const Precondition& condition : set.preconditions) {
    const Slot& slot = SlotOf(condition.key);
    CAIRN_RETURN_IF_ERROR(slot.state.status());
    if (!Holds(condition, *slot.state)) return Conflict(condition.key);
  }
  for (const Put& put : set.puts) {
    if (!put.blind) CAIRN_RETURN_IF_ERROR(SlotOf(put.key).state.status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CommitGroup::Merged>> CommitGroup::MergeAll(const WriteSet& set,
                                                                       const MergeFunction& merge) {
  std::vector<Merged> merged;
  merged.reserve(set.merges.size());
  for (const Merge& item : set.merges) {
    if (!merge) return Invalid(item.key, "this store has no merge function");
    Slot& slot = SlotOf(item.key);
    CAIRN_RETURN_IF_ERROR(slot.state.status());
    std::optional<std::string_view> existing;
    if (slot.state->has_value()) existing = (*slot.state)->payload;
    CAIRN_ASSIGN_OR_RETURN(std::string payload, merge(item.key, existing, item.operand));
    merged.push_back({&slot, std::move(payload)});
  }
  return merged;
}

void CommitGroup::Apply(WriteSet& set, std::vector<Merged> merged, Revision revision) {
  const auto write = [revision](Slot& slot, std::string payload, bool blind) {
    const bool anew = blind || !slot.state.ok() || !slot.state->has_value();
    Record record;
    record.create_revision = anew ? revision : (*slot.state)->create_revision;
    record.version = anew ? 1 : (*slot.state)->version + 1;
    record.mod_revision = revision;
    record.payload = std::move(payload);
    slot.state = std::optional<Record>(std::move(record));
    slot.dirty = true;
  };
  for (Put& put : set.puts) write(SlotOf(put.key), std::move(put.payload), put.blind);
  for (Merged& item : merged) write(*item.slot, std::move(item.payload), false);
  for (const Key& key : set.deletes) {
    Slot& slot = SlotOf(key);
    slot.state = std::optional<Record>();
    slot.dirty = true;
  }
  int32_t ordinal = 0;
  for (const Event& event : set.events) events_.push_back({revision, ordinal++, &event});
}

void CommitGroup::Decide(Revision last_revision, const MergeFunction& merge) {
  last_revision_ = last_revision;
  for (WriteSet& set : sets_) {
    if (absl::Status status = Check(set); !status.ok()) {
      results_.emplace_back(std::move(status));
      continue;
    }
    auto merged = MergeAll(set, merge);
    if (!merged.ok()) {
      results_.emplace_back(merged.status());
      continue;
    }
    Apply(set, *std::move(merged), ++last_revision_);
    results_.emplace_back(last_revision_);
  }
}

CommitBatch CommitGroup::batch() const {
  CommitBatch batch;
  batch.last_revision = last_revision_;
  batch.events = events_;
  for (const Slot& slot : slots_) {
    if (slot.dirty) batch.changes.push_back({slot.key, &*slot.state});
  }
  return batch;
}

}  // namespace cairn::storage
