#include "server/storage/rocks_snapshot.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <string>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"

namespace cairn::storage {
namespace {

using MaybeRecord = std::optional<Record>;

absl::StatusOr<MaybeRecord> Interpret(const Key& key, const rocksdb::Status& status,
                                      const rocksdb::Slice& value) {
  if (status.IsNotFound()) return MaybeRecord();
  if (!status.ok()) return FromRocks(status, "read a record");
  CAIRN_ASSIGN_OR_RETURN(Record record, DecodeRecord(key.family, key.bytes, ToView(value)));
  return MaybeRecord(std::move(record));
}

rocksdb::ReadOptions ReadAt(const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  return options;
}

absl::StatusOr<MaybeRecord> ReadOne(const RocksDatabase& database,
                                    const rocksdb::Snapshot* snapshot, const Key& key) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database.db().Get(ReadAt(snapshot), database.family(key.family), key.bytes, &value);
  return Interpret(key, status, value);
}

class RocksCursor final : public Cursor {
 public:
  RocksCursor(const RocksDatabase& database, const rocksdb::Snapshot* snapshot, Family family,
              absl::Status status)
      : family_(family), status_(std::move(status)) {
    rocksdb::ReadOptions options = ReadAt(snapshot);
    options.iterate_upper_bound = &upper_;
    it_.reset(database.db().NewIterator(options, database.family(family)));
  }

  // RocksDB looks at the upper bound again whenever it seeks.
  void Seek(std::string_view begin, std::string_view end) override {
    end_.assign(end.empty() ? kBehindAll : end);
    upper_ = ToSlice(end_);
    valid_ = false;
    if (!status_.ok() || begin >= end_) return;
    it_->Seek(ToSlice(begin));
    Show();
  }
  void Next() override {
    it_->Next();
    Show();
  }

  bool Valid() const override { return valid_; }
  absl::Status status() const override { return status_; }
  std::string_view key() const override { return key_; }
  const RecordView& record() const override { return record_; }

 private:
  // No key begins with this: a kind is below it.
  static constexpr std::string_view kBehindAll = "\xFF";

  void Show() {
    valid_ = it_->Valid();
    if (!valid_) {
      if (!it_->status().ok()) status_ = FromRocks(it_->status(), "scan records");
      return;
    }
    key_ = ToView(it_->key());
    auto record = DecodeRecordView(family_, key_, ToView(it_->value()));
    valid_ = record.ok();
    valid_ ? void(record_ = *record) : void(status_ = std::move(record).status());
  }

  const Family family_;
  std::string end_{kBehindAll};
  rocksdb::Slice upper_{end_};
  std::unique_ptr<rocksdb::Iterator> it_;
  std::string_view key_;
  RecordView record_;
  bool valid_ = false;
  absl::Status status_;
};

class RocksSnapshot final : public Snapshot {
 public:
  explicit RocksSnapshot(std::shared_ptr<const RocksDatabase> database)
      : database_(std::move(database)), snapshot_(database_->db().GetSnapshot()) {}
  ~RocksSnapshot() override { database_->db().ReleaseSnapshot(snapshot_); }

  Revision revision() const override {
    std::call_once(revision_read_, [this] {
      auto last = ReadOne(*database_, snapshot_, LastRevisionKey());
      if (last.ok()) {
        revision_ = last->has_value() ? (*last)->mod_revision : 0;
      } else {
        revision_error_ = std::move(last).status();
        revision_failed_.store(true, std::memory_order_release);
      }
    });
    return revision_;
  }

  absl::StatusOr<MaybeRecord> Get(const Key& key) const override {
    CAIRN_RETURN_IF_ERROR(Usable());
    return ReadOne(*database_, snapshot_, key);
  }

  absl::StatusOr<std::vector<MaybeRecord>> MultiGet(const std::vector<Key>& keys) const override {
    CAIRN_RETURN_IF_ERROR(Usable());
    std::vector<const Key*> pointers;
    pointers.reserve(keys.size());
    for (const Key& key : keys) pointers.push_back(&key);
    std::vector<MaybeRecord> records;
    records.reserve(keys.size());
    for (auto& result : ReadRecords(*database_, snapshot_, pointers)) {
      if (!result.ok()) return result.status();
      records.push_back(*std::move(result));
    }
    return records;
  }

  absl::Status Scan(const KeyRange& range, ScanOrder order,
                    const ScanVisitor& visitor) const override {
    CAIRN_RETURN_IF_ERROR(Usable());
    if (!range.end.empty() && range.begin >= range.end) return absl::OkStatus();
    const rocksdb::Slice lower = ToSlice(range.begin);
    const rocksdb::Slice upper = ToSlice(range.end);
    rocksdb::ReadOptions options = ReadAt(snapshot_);
    if (!range.begin.empty()) options.iterate_lower_bound = &lower;
    if (!range.end.empty()) options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> it(
        database_->db().NewIterator(options, database_->family(range.family)));
    const bool up = order == ScanOrder::kAscending;
    Record record;  // its payload's memory serves all records
    for (up ? it->SeekToFirst() : it->SeekToLast(); it->Valid(); up ? it->Next() : it->Prev()) {
      const std::string_view key = ToView(it->key());
      CAIRN_ASSIGN_OR_RETURN(const RecordView view,
                             DecodeRecordView(range.family, key, ToView(it->value())));
      record.create_revision = view.create_revision;
      record.mod_revision = view.mod_revision;
      record.version = view.version;
      record.payload.assign(view.payload);
      if (!visitor(key, record)) return absl::OkStatus();
    }
    return it->status().ok() ? absl::OkStatus() : FromRocks(it->status(), "scan records");
  }

  std::unique_ptr<Cursor> NewCursor(Family family) const override {
    return std::make_unique<RocksCursor>(*database_, snapshot_, family, Usable());
  }

 private:
  absl::Status Usable() const {
    return revision_failed_.load(std::memory_order_acquire) ? revision_error_ : absl::OkStatus();
  }

  const std::shared_ptr<const RocksDatabase> database_;
  const rocksdb::Snapshot* const snapshot_;
  mutable std::once_flag revision_read_;
  mutable Revision revision_ = 0;
  mutable absl::Status revision_error_;
  mutable std::atomic<bool> revision_failed_{false};
};

class ClosedCursor final : public Cursor {
 public:
  void Seek(std::string_view, std::string_view) override {}
  bool Valid() const override { return false; }
  absl::Status status() const override { return StoreClosed(); }
  void Next() override {}
  std::string_view key() const override { return {}; }
  const RecordView& record() const override { return nothing_; }

 private:
  RecordView nothing_;
};

// What a store shows that could not be opened again.
class ClosedSnapshot final : public Snapshot {
 public:
  Revision revision() const override { return 0; }
  absl::StatusOr<MaybeRecord> Get(const Key&) const override { return StoreClosed(); }
  absl::StatusOr<std::vector<MaybeRecord>> MultiGet(const std::vector<Key>&) const override {
    return StoreClosed();
  }
  absl::Status Scan(const KeyRange&, ScanOrder, const ScanVisitor&) const override {
    return StoreClosed();
  }
  std::unique_ptr<Cursor> NewCursor(Family) const override {
    return std::make_unique<ClosedCursor>();
  }
};

}  // namespace

std::vector<absl::StatusOr<MaybeRecord>> ReadRecords(const RocksDatabase& database,
                                                     const rocksdb::Snapshot* snapshot,
                                                     const std::vector<const Key*>& keys) {
  std::vector<absl::StatusOr<MaybeRecord>> results;
  results.reserve(keys.size());
  if (keys.size() == 1) {
    results.push_back(ReadOne(database, snapshot, *keys[0]));
    return results;
  }
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  std::vector<rocksdb::Slice> slices;
  for (const Key* key : keys) {
    families.push_back(database.family(key->family));
    slices.push_back(ToSlice(key->bytes));
  }
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  database.db().MultiGet(ReadAt(snapshot), keys.size(), families.data(), slices.data(),
                         values.data(), statuses.data());
  for (size_t i = 0; i < keys.size(); ++i) {
    results.push_back(Interpret(*keys[i], statuses[i], values[i]));
  }
  return results;
}

std::unique_ptr<Snapshot> MakeRocksSnapshot(std::shared_ptr<const RocksDatabase> database) {
  if (database == nullptr) return std::make_unique<ClosedSnapshot>();
  return std::make_unique<RocksSnapshot>(std::move(database));
}

absl::Status ScanStoredEvents(const RocksDatabase& database, Revision from_revision,
                              const std::function<bool(const StoredEvent&)>& visitor) {
  const Key first = EventKey(std::max<Revision>(from_revision, 0), 0);
  const std::unique_ptr<rocksdb::Iterator> it(
      database.db().NewIterator(rocksdb::ReadOptions(), database.family(Family::kEvent)));
  // Read after the iterator, which shows no later removal than this tells of.
  CAIRN_ASSIGN_OR_RETURN(const Revision begin, FirstEventRevision(database));
  if (from_revision < begin) return EventsCompacted(begin);
  for (it->Seek(first.bytes); it->Valid(); it->Next()) {
    CAIRN_ASSIGN_OR_RETURN(const StoredEvent event,
                           DecodeEvent(ToView(it->key()), ToView(it->value())));
    if (!visitor(event)) return absl::OkStatus();
  }
  return it->status().ok() ? absl::OkStatus() : FromRocks(it->status(), "scan events");
}

absl::StatusOr<Revision> FirstEventRevision(const RocksDatabase& database) {
  const Key key = EventLogStartKey();
  CAIRN_ASSIGN_OR_RETURN(const MaybeRecord record, ReadOne(database, nullptr, key));
  if (!record.has_value()) return 0;
  internal::EventLogStartRecord start;
  if (!start.ParseFromString(record->payload)) {
    return CorruptRecord(key.family, key.bytes, "it does not parse");
  }
  return start.first_revision();
}

absl::StatusOr<int64_t> StoredEventBytes(const RocksDatabase& database, Revision from_revision) {
  CAIRN_ASSIGN_OR_RETURN(const Revision begin, FirstEventRevision(database));
  const std::string first = EventKey(std::max(from_revision, begin), 0).bytes;
  const std::string last = EventKey(std::numeric_limits<Revision>::max(), 0).bytes;
  const rocksdb::Range range(first, last);
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  uint64_t bytes = 0;
  const rocksdb::Status status = database.db().GetApproximateSizes(
      options, database.family(Family::kEvent), &range, 1, &bytes);
  if (!status.ok()) return FromRocks(status, "measure the event log");
  return static_cast<int64_t>(bytes);
}

}  // namespace cairn::storage
