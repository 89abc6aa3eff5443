#ifndef CAIRN_SERVER_STORAGE_COMMIT_GROUP_H_
#define CAIRN_SERVER_STORAGE_COMMIT_GROUP_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/audit_chain.h"
#include "server/storage/kv_store.h"
#include "server/storage/merge.h"

namespace cairn::storage {

// One key's new state; nullopt deletes it.
struct Change {
  const Key* key = nullptr;
  const std::optional<Record>* record = nullptr;
};

// One event with the key it gets.
struct KeyedEvent {
  Revision revision = 0;
  int32_t ordinal = 0;
  const Event* event = nullptr;
};

// What a group writes, at once or not at all. Points into the CommitGroup that made it.
// Valid as long as that, unchanged.
struct CommitBatch {
  Revision last_revision = 0;
  std::vector<Change> changes;     // sorted by family and key, each key once
  std::vector<KeyedEvent> events;  // sorted by revision and ordinal
  // Events of earlier revisions are removed; 0: none. At most `last_revision`.
  Revision first_event_revision = 0;
  bool frees_space = false;  // WriteSet::frees_space of every set of the group
};

// Why a write set can be refused without looking at the store: the same key
// written twice, a key of the committer's own, more than kMaxWriteSetBytes.
// INVALID_ARGUMENT (WRITE_SET_INVALID).
absl::Status CheckWriteSet(const WriteSet& write_set);

// The bytes a write set brings into memory and into the log, about. An estimate from
// sizes: it encodes nothing. The queue's limits are counted in it.
int64_t WriteSetBytes(const WriteSet& write_set);

// What a run's 200,000 files take that appear at once (core/manifest.h).
inline constexpr int64_t kMaxWriteSetBytes = int64_t{64} << 20;

// Decides a group of write sets that become durable together. Pure: what the
// store holds is handed in, what it should hold comes out.
//
//   CommitGroup group(std::move(sets));
//   group.Load(<records of group.keys_to_load()>);
//   group.Decide(last_revision, now_unix_nanos, merge);
//   ... write group.batch(), then answer group.results()[i].
//
// Every set sees the state the earlier sets of the group leave behind. An
// accepted set gets the next revision; a refused one leaves no trace. All sets
// must have passed CheckWriteSet. Not thread-safe; neither copyable nor movable,
// because the batch points into it.
class CommitGroup {
 public:
  explicit CommitGroup(std::vector<WriteSet> sets);
  CommitGroup(const CommitGroup&) = delete;
  CommitGroup& operator=(const CommitGroup&) = delete;

  // Keys whose present state Decide needs, sorted, each once.
  const std::vector<const Key*>& keys_to_load() const { return keys_to_load_; }

  // Takes the present state of each of keys_to_load(), in their order. A key
  // that could not be read fails the sets that need it.
  void Load(std::vector<absl::StatusOr<std::optional<Record>>> records);

  // Decides every set in order, with revisions from `last_revision` + 1. Events are told to be of
  // `now_unix_nanos`.
  void Decide(Revision last_revision, int64_t now_unix_nanos, const MergeFunction& merge);

  // One result for each set, after Decide.
  const std::vector<CommitResult>& results() const { return results_; }
  const std::vector<WriteSet>& sets() const { return sets_; }

  // What is to be written, after Decide. `last_revision` is unchanged when no
  // set was accepted.
  CommitBatch batch() const;

 private:
  // The state of one key while the group is decided. Sets see each other through it: an
  // accepted one leaves its new state here.
  struct Slot {
    const Key* key = nullptr;
    bool load = false;   // somebody needs the state before the group
    bool dirty = false;  // some accepted set wrote it
    absl::StatusOr<std::optional<Record>> state = std::optional<Record>();
  };
  // A new payload that was worked out but not applied yet.
  struct Merged {
    Slot* slot;
    std::string payload;
  };
  // The places of a set's keys in `slot_of_`: its preconditions, puts, merges and
  // deletes follow each other.
  struct Places {
    size_t preconditions = 0;
    size_t puts = 0;
    size_t merges = 0;
    size_t deletes = 0;
    size_t audit_end = 0;  // of a set with audit entries
  };

  // Makes a slot for each key of all sets, and `slot_of_`. O(n log n), less where keys
  // come in order.
  void AddSlots();
  Slot& SlotAt(size_t place) { return slots_[slot_of_[place]]; }
  // Whether every precondition holds and what has to be known is known. ABORTED
  // (COMMIT_CONFLICT) naming the first key that is not as required.
  absl::Status Check(const WriteSet& set, const Places& places);
  // Works all merges out before one is applied, so that a set that fails leaves no
  // trace.
  absl::StatusOr<std::vector<Merged>> MergeAll(const WriteSet& set, const Places& places,
                                               const MergeFunction& merge);
  // Where the chain ends before a set with audit entries.
  absl::StatusOr<AuditEnd> EndOfChain(const WriteSet& set, const Places& places);
  // Cannot fail. Moves the payloads out of the set.
  void Apply(WriteSet& set, const Places& places, std::vector<Merged> merged, AuditEnd end,
             Revision revision);
  static void Write(Slot& slot, std::string payload, bool blind, Revision revision);
  // Chains the set's audit entries behind `end`.
  void Chain(WriteSet& set, const Places& places, AuditEnd end, Revision revision);

  std::vector<WriteSet> sets_;
  std::vector<Places> places_;     // one for each set
  std::vector<Slot> slots_;        // sorted by key
  std::vector<uint32_t> slot_of_;  // one for each key of each set
  std::vector<const Key*> keys_to_load_;
  std::vector<CommitResult> results_;  // one for each set that was decided
  int64_t now_unix_nanos_ = 0;
  std::vector<KeyedEvent> events_;
  std::deque<std::pair<Key, std::optional<Record>>>
      chained_;  // what the audit adds; stays in place
  Revision first_event_revision_ = 0;
  Revision last_revision_ = 0;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_COMMIT_GROUP_H_
