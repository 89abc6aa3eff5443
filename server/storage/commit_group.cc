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
  static const Key events = EventLogStartKey();
  return key.family == Family::kEvent || key == last_revision || key == format || key == events ||
         IsAuditChainKey(key);
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

// Sorts by what `key_of` an item answers. Items come as a few lists that mostly have
// their keys in order already, a kind of record each: merging those is much less than
// sorting.
template <typename Item, typename KeyOf>
void SortByKey(std::vector<Item>& items, KeyOf key_of) {
  const auto less = [key_of](const Item& a, const Item& b) { return *key_of(a) < *key_of(b); };
  constexpr int kMaxRuns = 8;
  auto sorted = items.begin();
  for (int runs = 0; sorted != items.end(); ++runs) {
    if (runs == kMaxRuns) return std::sort(items.begin(), items.end(), less);
    const auto end = std::is_sorted_until(sorted, items.end(), less);
    if (sorted != items.begin()) std::inplace_merge(items.begin(), sorted, end, less);
    sorted = end;
  }
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
  for (const Event& event : set.events) add(event.resource, event.image, set.principal);
  for (const AuditNote& note : set.audits) add(note.resource, note.image, note.resource);
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
  SortByKey(written, [](const Key* key) { return key; });
  const auto twice = std::adjacent_find(written.begin(), written.end(),
                                        [](const Key* a, const Key* b) { return *a == *b; });
  if (twice != written.end()) return Invalid(**twice, "a key may be written only once");
  const int64_t bytes = WriteSetBytes(set);
  if (bytes > kMaxWriteSetBytes) return TooLarge(bytes);
  return absl::OkStatus();
}

CommitGroup::CommitGroup(std::vector<WriteSet> sets) : sets_(std::move(sets)) {
  AddSlots();
  for (const Slot& slot : slots_) {
    if (slot.load) keys_to_load_.push_back(slot.key);
  }
}

// One slot for each key, and from every place of every set the way to it.
void CommitGroup::AddSlots() {
  struct Use {
    const Key* key;
    uint32_t place;
    bool load;
  };
  std::vector<Use> uses;
  const auto add = [&uses](const Key& key, bool load) {
    uses.push_back({&key, static_cast<uint32_t>(uses.size()), load});
  };
  static const Key audit_end = AuditEndKey();
  places_.reserve(sets_.size());
  for (const WriteSet& set : sets_) {
    Places& places = places_.emplace_back();
    places.preconditions = uses.size();
    for (const Precondition& condition : set.preconditions) add(condition.key, true);
    places.puts = uses.size();
    for (const Put& put : set.puts) add(put.key, !put.blind);
    places.merges = uses.size();
    for (const Merge& merge : set.merges) add(merge.key, true);
    places.deletes = uses.size();
    for (const Key& key : set.deletes) add(key, false);
    places.audit_end = uses.size();
    if (!set.audits.empty()) add(audit_end, true);
  }
  SortByKey(uses, [](const Use& use) { return use.key; });
  slots_.reserve(uses.size());
  slot_of_.resize(uses.size());
  for (const Use& use : uses) {
    if (slots_.empty() || *slots_.back().key != *use.key) slots_.push_back(Slot{use.key, false});
    slots_.back().load |= use.load;
    slot_of_[use.place] = static_cast<uint32_t>(slots_.size() - 1);
  }
}

void CommitGroup::Load(std::vector<absl::StatusOr<std::optional<Record>>> records) {
  size_t next = 0;
  for (Slot& slot : slots_) {
    if (slot.load) slot.state = std::move(records[next++]);
  }
}

absl::Status CommitGroup::Check(const WriteSet& set, const Places& places) {
  for (size_t i = 0; i < set.preconditions.size(); ++i) {
    const Slot& slot = SlotAt(places.preconditions + i);
    CAIRN_RETURN_IF_ERROR(slot.state.status());
    if (!Holds(set.preconditions[i], *slot.state)) return Conflict(set.preconditions[i].key);
  }
  for (size_t i = 0; i < set.puts.size(); ++i) {
    if (!set.puts[i].blind) CAIRN_RETURN_IF_ERROR(SlotAt(places.puts + i).state.status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CommitGroup::Merged>> CommitGroup::MergeAll(const WriteSet& set,
                                                                       const Places& places,
                                                                       const MergeFunction& merge) {
  std::vector<Merged> merged;
  merged.reserve(set.merges.size());
  for (size_t i = 0; i < set.merges.size(); ++i) {
    const Merge& item = set.merges[i];
    if (!merge) return Invalid(item.key, "this store has no merge function");
    Slot& slot = SlotAt(places.merges + i);
    CAIRN_RETURN_IF_ERROR(slot.state.status());
    std::optional<std::string_view> existing;
    if (slot.state->has_value()) existing = (*slot.state)->payload;
    CAIRN_ASSIGN_OR_RETURN(std::string payload, merge(item.key, existing, item.operand));
    merged.push_back({&slot, std::move(payload)});
  }
  return merged;
}

absl::StatusOr<AuditEnd> CommitGroup::EndOfChain(const WriteSet& set, const Places& places) {
  if (set.audits.empty()) return AuditEnd();
  const Slot& slot = SlotAt(places.audit_end);
  CAIRN_RETURN_IF_ERROR(slot.state.status());
  return slot.state->has_value() ? ParseAuditEnd((*slot.state)->payload) : AuditEnd();
}

void CommitGroup::Write(Slot& slot, std::string payload, bool blind, Revision revision) {
  const bool anew = blind || !slot.state.ok() || !slot.state->has_value();
  Record record;
  record.create_revision = anew ? revision : (*slot.state)->create_revision;
  record.version = anew ? 1 : (*slot.state)->version + 1;
  record.mod_revision = revision;
  record.payload = std::move(payload);
  slot.state = std::optional<Record>(std::move(record));
  slot.dirty = true;
}

void CommitGroup::Chain(WriteSet& set, const Places& places, AuditEnd end, Revision revision) {
  if (set.audits.empty()) return;
  const auto keep = [&](Key key, std::string payload) {
    chained_.emplace_back(std::move(key), Record{revision, revision, 1, std::move(payload)});
  };
  for (AuditNote& note : set.audits) {
    ChainedEntry entry = ChainEntry(note, set.principal, revision, now_unix_nanos_, end);
    keep(AuditEntryKey(end.sequence), std::move(entry.link));
    keep(AuditByResourceKey(note.resource, end.sequence), "");
    if (entry.is_large) keep(KeptValueKey(entry.value_sha256), std::move(note.image));
  }
  Write(SlotAt(places.audit_end), SerializeAuditEnd(end), /*blind=*/false, revision);
}

void CommitGroup::Apply(WriteSet& set, const Places& places, std::vector<Merged> merged,
                        AuditEnd end, Revision revision) {
  for (size_t i = 0; i < set.puts.size(); ++i) {
    Write(SlotAt(places.puts + i), std::move(set.puts[i].payload), set.puts[i].blind, revision);
  }
  for (Merged& item : merged) Write(*item.slot, std::move(item.payload), false, revision);
  for (size_t i = 0; i < set.deletes.size(); ++i) {
    Slot& slot = SlotAt(places.deletes + i);
    slot.state = std::optional<Record>();
    slot.dirty = true;
  }
  Chain(set, places, std::move(end), revision);
  first_event_revision_ =
      std::max(first_event_revision_, std::min(set.first_event_revision, revision));
  format_ = std::max(format_, set.format);
  int32_t ordinal = 0;
  for (Event& event : set.events) {
    event.principal = set.principal;
    event.commit_unix_nanos = now_unix_nanos_;
    events_.push_back({revision, ordinal++, &event});
  }
}

void CommitGroup::Decide(Revision last_revision, int64_t now_unix_nanos,
                         const MergeFunction& merge) {
  last_revision_ = last_revision;
  now_unix_nanos_ = now_unix_nanos;
  for (size_t i = 0; i < sets_.size(); ++i) {
    WriteSet& set = sets_[i];
    if (absl::Status status = Check(set, places_[i]); !status.ok()) {
      results_.emplace_back(std::move(status));
      continue;
    }
    auto merged = MergeAll(set, places_[i], merge);
    if (!merged.ok()) {
      results_.emplace_back(merged.status());
      continue;
    }
    auto end = EndOfChain(set, places_[i]);
    if (!end.ok()) {
      results_.emplace_back(end.status());
      continue;
    }
    Apply(set, places_[i], *std::move(merged), *std::move(end), ++last_revision_);
    results_.emplace_back(last_revision_);
  }
}

CommitBatch CommitGroup::batch() const {
  CommitBatch batch;
  batch.last_revision = last_revision_;
  batch.events = events_;
  batch.first_event_revision = first_event_revision_;
  batch.format = format_;
  batch.frees_space =
      std::all_of(sets_.begin(), sets_.end(), [](const WriteSet& set) { return set.frees_space; });
  for (const Slot& slot : slots_) {
    if (slot.dirty) batch.changes.push_back({slot.key, &*slot.state});
  }
  if (chained_.empty()) return batch;
  for (const auto& [key, record] : chained_) batch.changes.push_back({&key, &record});
  SortByKey(batch.changes, [](const Change& change) { return change.key; });
  // A large image may be kept twice: under one digest there is only one content.
  const auto same = [](const Change& a, const Change& b) { return *a.key == *b.key; };
  batch.changes.erase(std::unique(batch.changes.begin(), batch.changes.end(), same),
                      batch.changes.end());
  return batch;
}

}  // namespace cairn::storage
