#include "server/storage/store_reader.h"

#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "rocksdb/sst_file_reader.h"
#include "server/storage/record_codec.h"
#include "server/storage/rocks_logger.h"
#include "server/storage/rocks_open.h"
#include "server/storage/rocks_snapshot.h"
#include "server/storage/store_directory.h"

namespace cairn::storage {
namespace {

class RocksReader final : public StoreReader {
 public:
  RocksReader(std::unique_ptr<StoreDirectory> directory,
              std::shared_ptr<const RocksDatabase> database)
      : directory_(std::move(directory)), database_(std::move(database)) {}

  std::unique_ptr<Snapshot> GetSnapshot() const override { return MakeRocksSnapshot(database_); }

  absl::Status ScanEvents(Revision from_revision,
                          const std::function<bool(const StoredEvent&)>& visitor) const override {
    return ScanStoredEvents(*database_, from_revision, visitor);
  }

  int64_t CheckTables(const Note& damage) const override {
    std::vector<rocksdb::LiveFileMetaData> tables;
    database_->db().GetLiveFilesMetaData(&tables);
    rocksdb::Options options = database_->db().GetOptions();
    options.info_log = MakeRocksLogger(nullptr);  // the status says it
    for (const rocksdb::LiveFileMetaData& table : tables) {
      rocksdb::SstFileReader reader(options);
      rocksdb::Status status = reader.Open(table.db_path + table.name);
      if (status.ok()) status = reader.VerifyChecksum();
      if (!status.ok()) damage(fmt::format("table kv{}: {}", table.name, status.ToString()));
    }
    return static_cast<int64_t>(tables.size());
  }

 private:
  const std::unique_ptr<StoreDirectory> directory_;
  const std::shared_ptr<const RocksDatabase> database_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StoreReader>> StoreReader::Open(const RocksOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(auto held, StoreDirectory::AcquireToRead(options.directory));
  CAIRN_ASSIGN_OR_RETURN(auto database, OpenDatabaseToRead(options, *held));
  CAIRN_ASSIGN_OR_RETURN(const Revision last, VerifiedLastRevision(*database, options.directory));
  CAIRN_RETURN_IF_ERROR(CheckKnownRevision(options, last));
  return std::make_unique<RocksReader>(std::move(held), std::move(database));
}

CheckedRecords CheckRecords(const StoreReader& store, const StoreReader::Note& damage) {
  CheckedRecords checked;
  const auto snapshot = store.GetSnapshot();
  const Revision newest = snapshot->revision();
  for (int i = 0; i < kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    if (family == Family::kEvent) continue;  // of another form
    const absl::Status status = snapshot->Scan(
        {family, "", ""}, ScanOrder::kAscending, [&](std::string_view key, const Record& record) {
          checked.records += 1;
          if (record.mod_revision <= newest) return true;
          damage(std::string(CorruptRecord(family, key, "it is newer than the store").message()));
          return true;
        });
    if (!status.ok()) {
      damage(fmt::format("family {}: {}", FamilyName(family), std::string(status.message())));
    }
  }
  const auto check_event = [&](const StoredEvent& event) {
    checked.events += 1;
    if (event.revision > newest) {
      damage(fmt::format("an event of revision {} is newer than the store", event.revision));
    }
    return true;
  };
  absl::Status status = store.ScanEvents(1, check_event);
  if (absl::IsOutOfRange(status)) {  // it was trimmed
    status = store.ScanEvents(std::stoll(MetadataOf(status, "oldestRevision")), check_event);
  }
  if (!status.ok()) damage(fmt::format("the event log: {}", std::string(status.message())));
  return checked;
}

}  // namespace cairn::storage
