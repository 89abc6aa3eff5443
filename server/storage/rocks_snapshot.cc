#include "server/storage/rocks_snapshot.h"

#include <algorithm>
#include <string>
#include <utility>

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

class RocksSnapshot final : public Snapshot {
 public:
  explicit RocksSnapshot(std::shared_ptr<const RocksDatabase> database)
      : database_(std::move(database)), snapshot_(database_->db().GetSnapshot()) {
    const auto last = ReadOne(*database_, snapshot_, LastRevisionKey());
    if (!last.ok()) {
      status_ = last.status();
    } else if (last->has_value()) {
      revision_ = (*last)->mod_revision;
    }
  }
  ~RocksSnapshot() override { database_->db().ReleaseSnapshot(snapshot_); }

  Revision revision() const override { return revision_; }

  absl::StatusOr<MaybeRecord> Get(const Key& key) const override {
    CAIRN_RETURN_IF_ERROR(status_);
    return ReadOne(*database_, snapshot_, key);
  }

  absl::StatusOr<std::vector<MaybeRecord>> MultiGet(const std::vector<Key>& keys) const override {
    CAIRN_RETURN_IF_ERROR(status_);
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
    CAIRN_RETURN_IF_ERROR(status_);
    if (!range.end.empty() && range.begin >= range.end) return absl::OkStatus();
    const rocksdb::Slice lower = ToSlice(range.begin);
    const rocksdb::Slice upper = ToSlice(range.end);
    rocksdb::ReadOptions options = ReadAt(snapshot_);
    if (!range.begin.empty()) options.iterate_lower_bound = &lower;
    if (!range.end.empty()) options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> it(
        database_->db().NewIterator(options, database_->family(range.family)));
    const bool up = order == ScanOrder::kAscending;
    for (up ? it->SeekToFirst() : it->SeekToLast(); it->Valid(); up ? it->Next() : it->Prev()) {
      const std::string_view key = ToView(it->key());
      CAIRN_ASSIGN_OR_RETURN(const Record record,
                             DecodeRecord(range.family, key, ToView(it->value())));
      if (!visitor(key, record)) return absl::OkStatus();
    }
    return it->status().ok() ? absl::OkStatus() : FromRocks(it->status(), "scan records");
  }

 private:
  const std::shared_ptr<const RocksDatabase> database_;
  const rocksdb::Snapshot* const snapshot_;
  Revision revision_ = 0;
  absl::Status status_;
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
  for (it->Seek(first.bytes); it->Valid(); it->Next()) {
    CAIRN_ASSIGN_OR_RETURN(const StoredEvent event,
                           DecodeEvent(ToView(it->key()), ToView(it->value())));
    if (!visitor(event)) return absl::OkStatus();
  }
  return it->status().ok() ? absl::OkStatus() : FromRocks(it->status(), "scan events");
}

}  // namespace cairn::storage
