#ifndef CAIRN_SERVER_STORAGE_KV_STORE_H_
#define CAIRN_SERVER_STORAGE_KV_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/key.h"
#include "server/storage/write_set.h"

namespace cairn::storage {

// A value as it stands in the store, with the counters the committer stamped.
struct Record {
  Revision create_revision = 0;  // revision that created the key
  Revision mod_revision = 0;     // revision of the last write; the etag's source
  int64_t version = 0;           // writes since creation, from 1
  std::string payload;
};

// The same, seen where it stands; valid as long as what gave it says.
struct RecordView {
  Revision create_revision = 0;
  Revision mod_revision = 0;
  int64_t version = 0;
  std::string_view payload;
};

// One entry of the event log.
struct StoredEvent {
  Revision revision = 0;
  int32_t ordinal = 0;  // position within the revision, from 0
  Event event;
};

// Keys `begin` (inclusive) to `end` (exclusive) of one family. An empty `end`
// means to the family's end.
struct KeyRange {
  Family family = Family::kMeta;
  std::string begin;
  std::string end;

  // Every key that starts with `prefix`.
  static KeyRange Prefix(const Key& prefix);
};

// Order in which a scan visits keys.
enum class ScanOrder { kAscending, kDescending };

// Called for each key of a scan; return false to stop early. `key` and
// `record` are valid only during the call.
using ScanVisitor = std::function<bool(std::string_view key, const Record& record)>;

// Walks the records of one family upwards without copying them, one range after the
// other: cheaper than a Scan for each of many short ranges, most of all when they
// ascend. Not thread-safe; must not outlive its snapshot.
class Cursor {
 public:
  virtual ~Cursor() = default;

  // Goes to the first record from `begin` (inclusive) to `end` (exclusive; empty:
  // to the family's end). Both are copied.
  virtual void Seek(std::string_view begin, std::string_view end) = 0;

  // Whether the cursor is at a record: false behind the range's last one, and after
  // an error, which status() tells. Errors as for Snapshot::Get.
  virtual bool Valid() const = 0;
  virtual absl::Status status() const = 0;

  // Goes to the next record of the range. REQUIRES: Valid().
  virtual void Next() = 0;

  // The record the cursor is at; valid until it moves. REQUIRES: Valid().
  virtual std::string_view key() const = 0;
  virtual const RecordView& record() const = 0;
};

// A consistent view of the store at one revision.
//
// Safe to call from any thread. Views hold back reclamation: keep one for a
// request, never between pages. Must not outlive the store it came from.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  // The revision this view shows; 0 for a store that was never written. Read when
  // first asked for: if that fails it is 0, and every later read answers the error.
  virtual Revision revision() const = 0;

  // The record at `key`, or nullopt if there is none.
  // DATA_LOSS (RECORD_CORRUPT) if the bytes at the key are damaged;
  // UNAVAILABLE (SNAPSHOT_EXPIRED) if the view was kept for too long.
  virtual absl::StatusOr<std::optional<Record>> Get(const Key& key) const = 0;

  // One result for each key, in the order of `keys`. Errors as for Get.
  virtual absl::StatusOr<std::vector<std::optional<Record>>> MultiGet(
      const std::vector<Key>& keys) const = 0;

  // Visits the records of `range` in key order. Errors as for Get.
  virtual absl::Status Scan(const KeyRange& range, ScanOrder order,
                            const ScanVisitor& visitor) const = 0;

  // A cursor over `family`, at no record yet.
  virtual std::unique_ptr<Cursor> NewCursor(Family family) const = 0;
};

// What a commit answers: the revision it got, or why nothing was written.
using CommitResult = absl::StatusOr<Revision>;
using CommitCallback = std::function<void(CommitResult)>;

// Hears of every committed revision, in order, after it is durable and visible and before
// the commit's own callback: also of one whose outcome was not known at first. Must be quick and
// must not commit. It may read what the events do not tell, seldom: all commits wait meanwhile.
using CommitListener = std::function<void(Revision, const std::vector<Event>&)>;

// An ordered key-value store with one linear history of revisions.
//
// Every mutation is a WriteSet: its preconditions are checked against the state
// left by all earlier commits, and either all of it becomes durable at one new
// revision or nothing does. Reads go through snapshots and see every commit
// acknowledged before the snapshot was taken.
//
// Implementations: MakeMemoryStore (memory_store.h), OpenRocksStore
// (rocks_store.h). Both pass tests/unit/storage/kv_store_conformance.
// Safe to call from any thread; outlives every snapshot taken from it.
class KvStore {
 public:
  virtual ~KvStore() = default;

  virtual std::unique_ptr<Snapshot> GetSnapshot() const = 0;

  // Queues `write_set`. `done` is called exactly once, on the committer's
  // thread, after the outcome is durable and visible: do little there. A write
  // set that is refused before it is queued is answered on the calling thread.
  //   ABORTED (COMMIT_CONFLICT)            a precondition does not hold; the
  //                                        metadata "key" names it in hex
  //   INVALID_ARGUMENT (WRITE_SET_INVALID) the same key is written twice, a key is
  //                                        the committer's own, or the set is
  //                                        larger than 64 MiB
  //   RESOURCE_EXHAUSTED (QUEUE_FULL, DISK_FULL) with a retry delay
  //   UNAVAILABLE (STORE_UNAVAILABLE)      its or an earlier outcome is not
  //                                        known, or the store is closing
  virtual void Commit(WriteSet write_set, CommitCallback done) = 0;

  // Commits and waits for the outcome. Not to be called from a CommitCallback, and not by
  // one that holds a snapshot: after a full disk the database is opened again first, which
  // waits for snapshots to go and would wait for the caller's own.
  CommitResult CommitAndWait(WriteSet write_set);

  // Visits events of revisions >= `from_revision` in order; return false to
  // stop. OUT_OF_RANGE (EVENTS_COMPACTED, metadata "oldestRevision") when part of
  // them is gone (WriteSet::first_event_revision), perhaps after some were visited.
  virtual absl::Status ScanEvents(Revision from_revision,
                                  const std::function<bool(const StoredEvent&)>& visitor) const = 0;

  // The room that events of revisions >= `from_revision` take, about, in bytes.
  // UNAVAILABLE (STORE_UNAVAILABLE) when the store cannot be asked.
  virtual absl::StatusOr<int64_t> EventBytes(Revision from_revision) const = 0;

  // Has `listener` hear of every commit from now on, after those that were added before. Answers a
  // number for RemoveCommitListener, which is never 0.
  virtual int64_t AddCommitListener(CommitListener listener) = 0;

  // A commit under way may still call the listener until this returns. 0: nothing is removed.
  virtual void RemoveCommitListener(int64_t number) = 0;

  // OK while commits are accepted; otherwise why they are not.
  virtual absl::Status Health() const = 0;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_KV_STORE_H_
