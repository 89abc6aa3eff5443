#include "server/storage/memory_store.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "lib/base/mutex.h"
#include "lib/base/status_macros.h"
#include "server/storage/record_codec.h"

namespace cairn::storage {
namespace {

constexpr size_t kScanChunk = 256;

// Versions of every key, by the revision of the group that wrote them. Safe to
// call from any thread.
class VersionedTables final : public CommitBackend {
 public:
  using Entry = std::pair<std::string, Record>;

  std::vector<absl::StatusOr<std::optional<Record>>> ReadLatest(
      const std::vector<const Key*>& keys) override {
    MutexLock lock(&mutex_);
    std::vector<absl::StatusOr<std::optional<Record>>> records;
    records.reserve(keys.size());
    for (const Key* key : keys) records.emplace_back(Find(*key, last_revision_));
    return records;
  }

  WriteResult Write(const CommitBatch& batch) override {
    MutexLock lock(&mutex_);
    const Revision oldest_view = views_.empty() ? last_revision_ : *views_.begin();
    for (const Change& change : batch.changes) {
      Table& table = tables_[static_cast<size_t>(change.key->family)];
      Versions& versions = table[change.key->bytes];
      Forget(versions, oldest_view);
      versions[batch.last_revision] = *change.record;
      if (!change.record->has_value() && versions.size() == 1) table.erase(change.key->bytes);
    }
    for (const KeyedEvent& event : batch.events) {
      events_[{event.revision, event.ordinal}] = {*event.event, event_bytes_};
      event_bytes_ += BytesOf(*event.event);
    }
    first_event_revision_ = std::max(first_event_revision_, batch.first_event_revision);
    events_.erase(events_.begin(), events_.lower_bound({first_event_revision_, 0}));
    last_revision_ = batch.last_revision;
    return {};
  }

  absl::StatusOr<Recovery> Recover(Revision last_revision, bool /*frees_space*/) override {
    return Recovery{last_revision, {}};
  }

  Revision AddView() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    views_.insert(last_revision_);
    return last_revision_;
  }

  void DropView(Revision revision) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    views_.erase(views_.find(revision));
  }

  std::optional<Record> Get(const Key& key, Revision revision) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return Find(key, revision);
  }

  // At most kScanChunk records of `range`; shrinks it to what is left. Empty at
  // the end.
  std::vector<Entry> Chunk(KeyRange* range, ScanOrder order, Revision revision)
      CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return order == ScanOrder::kAscending ? Upward(range, revision) : Downward(range, revision);
  }

  // At most kScanChunk events from `from` on; moves it behind them.
  absl::StatusOr<std::vector<StoredEvent>> Events(std::pair<Revision, int32_t>* from)
      CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    if (from->first < first_event_revision_) return EventsCompacted(first_event_revision_);
    std::vector<StoredEvent> chunk;
    for (auto it = events_.lower_bound(*from); it != events_.end() && chunk.size() < kScanChunk;
         ++it) {
      chunk.push_back({it->first.first, it->first.second, it->second.event});
      *from = {it->first.first, it->first.second + 1};
    }
    return chunk;
  }

  int64_t EventBytes(Revision from_revision) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    const auto first = events_.lower_bound({from_revision, 0});
    return first == events_.end() ? 0 : event_bytes_ - first->second.bytes_before;
  }

 private:
  using Versions = std::map<Revision, std::optional<Record>>;  // nullopt: deleted
  using Table = std::map<std::string, Versions>;
  struct KeptEvent {
    Event event;
    int64_t bytes_before = 0;  // of all events there ever were before it
  };

  static int64_t BytesOf(const Event& event) {
    constexpr size_t kOverhead = sizeof(KeptEvent) + 64;  // and a node of the map
    return static_cast<int64_t>(event.resource.size() + event.image.size() +
                                event.principal.size() + kOverhead);
  }

  static std::optional<Record> At(const Versions& versions, Revision revision) {
    auto after = versions.upper_bound(revision);
    return after == versions.begin() ? std::nullopt : std::prev(after)->second;
  }

  // Drops what no view at or after `oldest_view` can see.
  static void Forget(Versions& versions, Revision oldest_view) {
    auto after = versions.upper_bound(oldest_view);
    if (after != versions.begin()) versions.erase(versions.begin(), std::prev(after));
  }

  std::optional<Record> Find(const Key& key, Revision revision) CAIRN_REQUIRES(mutex_) {
    const Table& table = tables_[static_cast<size_t>(key.family)];
    const auto it = table.find(key.bytes);
    return it == table.end() ? std::nullopt : At(it->second, revision);
  }

  std::vector<Entry> Upward(KeyRange* range, Revision revision) CAIRN_REQUIRES(mutex_) {
    std::vector<Entry> chunk;
    const Table& table = tables_[static_cast<size_t>(range->family)];
    for (auto it = table.lower_bound(range->begin); it != table.end(); ++it) {
      if (!range->end.empty() && it->first >= range->end) break;
      if (chunk.size() == kScanChunk) break;
      if (auto record = At(it->second, revision)) {
        chunk.emplace_back(it->first, *std::move(record));
        range->begin = it->first + '\0';
      }
    }
    return chunk;
  }

  std::vector<Entry> Downward(KeyRange* range, Revision revision) CAIRN_REQUIRES(mutex_) {
    std::vector<Entry> chunk;
    const Table& table = tables_[static_cast<size_t>(range->family)];
    auto it = range->end.empty() ? table.end() : table.lower_bound(range->end);
    while (it != table.begin() && chunk.size() < kScanChunk) {
      --it;
      if (it->first < range->begin) break;
      if (auto record = At(it->second, revision)) {
        chunk.emplace_back(it->first, *std::move(record));
        range->end = it->first;
      }
    }
    return chunk;
  }

  Mutex mutex_;
  std::array<Table, kFamilyCount> tables_ CAIRN_GUARDED_BY(mutex_);
  std::map<std::pair<Revision, int32_t>, KeptEvent> events_ CAIRN_GUARDED_BY(mutex_);
  int64_t event_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;  // of all events there ever were
  Revision first_event_revision_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::multiset<Revision> views_ CAIRN_GUARDED_BY(mutex_);
  Revision last_revision_ CAIRN_GUARDED_BY(mutex_) = 0;
};

// Copies a chunk of the range at a time.
class MemoryCursor final : public Cursor {
 public:
  MemoryCursor(VersionedTables& tables, Family family, Revision revision)
      : tables_(tables), revision_(revision) {
    rest_.family = family;
  }

  void Seek(std::string_view begin, std::string_view end) override {
    rest_.begin = begin;
    rest_.end = end;
    Load();
  }
  void Next() override { ++at_ == chunk_.size() ? Load() : Show(); }

  bool Valid() const override { return at_ < chunk_.size(); }
  absl::Status status() const override { return absl::OkStatus(); }
  std::string_view key() const override { return chunk_[at_].first; }
  const RecordView& record() const override { return record_; }

 private:
  void Load() {
    at_ = 0;
    chunk_ = tables_.Chunk(&rest_, ScanOrder::kAscending, revision_);
    Show();
  }
  void Show() {
    if (!Valid()) return;
    const Record& record = chunk_[at_].second;
    record_ = {record.create_revision, record.mod_revision, record.version, record.payload};
  }

  VersionedTables& tables_;
  const Revision revision_;
  KeyRange rest_;
  std::vector<VersionedTables::Entry> chunk_;
  size_t at_ = 0;
  RecordView record_;
};

class MemorySnapshot final : public Snapshot {
 public:
  explicit MemorySnapshot(VersionedTables& tables) : tables_(tables), revision_(tables.AddView()) {}
  ~MemorySnapshot() override { tables_.DropView(revision_); }

  Revision revision() const override { return revision_; }

  absl::StatusOr<std::optional<Record>> Get(const Key& key) const override {
    return tables_.Get(key, revision_);
  }

  absl::StatusOr<std::vector<std::optional<Record>>> MultiGet(
      const std::vector<Key>& keys) const override {
    std::vector<std::optional<Record>> records;
    records.reserve(keys.size());
    for (const Key& key : keys) records.push_back(tables_.Get(key, revision_));
    return records;
  }

  absl::Status Scan(const KeyRange& range, ScanOrder order,
                    const ScanVisitor& visitor) const override {
    KeyRange rest = range;
    while (true) {
      const auto chunk = tables_.Chunk(&rest, order, revision_);
      for (const auto& [key, record] : chunk) {
        if (!visitor(key, record)) return absl::OkStatus();
      }
      if (chunk.size() < kScanChunk) return absl::OkStatus();
      // A descending scan that reached the first key leaves an empty range.
      if (!rest.end.empty() && rest.begin >= rest.end) return absl::OkStatus();
    }
  }

  std::unique_ptr<Cursor> NewCursor(Family family) const override {
    return std::make_unique<MemoryCursor>(tables_, family, revision_);
  }

 private:
  VersionedTables& tables_;
  const Revision revision_;
};

class MemoryStore final : public KvStore {
 public:
  MemoryStore(MergeFunction merge, CommitterOptions options)
      : committer_(tables_, std::move(merge), 0, options) {}

  std::unique_ptr<Snapshot> GetSnapshot() const override {
    return std::make_unique<MemorySnapshot>(tables_);
  }
  void Commit(WriteSet write_set, CommitCallback done) override {
    committer_.Commit(std::move(write_set), std::move(done));
  }
  absl::Status ScanEvents(Revision from_revision,
                          const std::function<bool(const StoredEvent&)>& visitor) const override {
    std::pair<Revision, int32_t> from{from_revision, 0};
    while (true) {
      CAIRN_ASSIGN_OR_RETURN(const auto chunk, tables_.Events(&from));
      for (const StoredEvent& event : chunk) {
        if (!visitor(event)) return absl::OkStatus();
      }
      if (chunk.size() < kScanChunk) return absl::OkStatus();
    }
  }
  absl::StatusOr<int64_t> EventBytes(Revision from_revision) const override {
    return tables_.EventBytes(from_revision);
  }
  int64_t AddCommitListener(CommitListener listener) override {
    return committer_.AddListener(std::move(listener));
  }
  void RemoveCommitListener(int64_t number) override { committer_.RemoveListener(number); }
  absl::Status Health() const override { return committer_.Health(); }

 private:
  mutable VersionedTables tables_;
  Committer committer_;
};

}  // namespace

std::unique_ptr<KvStore> MakeMemoryStore(MergeFunction merge, CommitterOptions options) {
  return std::make_unique<MemoryStore>(std::move(merge), options);
}

}  // namespace cairn::storage
