#include "server/storage/database_inspection.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "server/storage/crc32c.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"
#include "server/storage/rocks_log.h"
#include "server/storage/rocks_manifest.h"
#include "server/storage/store_directory.h"
#include "server/storage/witnessed_files.h"

namespace cairn::storage {
namespace {

namespace fs = std::filesystem;

// Why the last records of a file may be missing: it is not known that they were synced.
constexpr std::string_view kTornNote =
    "{} ends with {}; it was being written when the machine stopped and is left out";

class Inspector {
 public:
  explicit Inspector(const std::string& directory)
      : directory_(directory), witness_(ReadNewestSyncedState(directory)) {}

  absl::StatusOr<DatabaseInspection> Run() {
    CAIRN_RETURN_IF_ERROR(ReadManifest());
    if (knows_files_) {
      CAIRN_RETURN_IF_ERROR(CheckTables());
      CAIRN_RETURN_IF_ERROR(ReadLogs());
      CAIRN_RETURN_IF_ERROR(CheckWitnessedLogs());
    }
    if (witness_) inspection_.synced.ordinal = witness_->ordinal;
    std::sort(inspection_.synced.files.begin(), inspection_.synced.files.end(),
              [](const SyncedFile& a, const SyncedFile& b) {
                return std::pair(a.kind, a.number) < std::pair(b.kind, b.number);
              });
    return std::move(inspection_);
  }

 private:
  std::string In(std::string_view name) const { return fmt::format("{}/kv/{}", directory_, name); }

  absl::Status Damaged(std::string_view what) const { return CorruptStore(directory_, what); }

  absl::StatusOr<std::string> Read(const std::string& name) const {
    absl::StatusOr<std::string> bytes = ReadFile(In(name));
    if (absl::IsNotFound(bytes.status())) return Damaged(fmt::format("kv/{} is missing", name));
    return bytes;
  }

  const SyncedFile* Synced(SyncedKind kind, uint64_t number) const {
    return witness_ ? witness_->Find(kind, number) : nullptr;
  }

  // What was synced of the file must be there, bit for bit.
  absl::Status CheckWitness(const std::string& name, SyncedKind kind, uint64_t number,
                            std::string_view bytes, const RocksLogEnd& end) {
    const SyncedFile* synced = Synced(kind, number);
    if (synced == nullptr) return absl::OkStatus();
    if (bytes.size() >= synced->bytes && Crc32c(bytes.substr(0, synced->bytes)) == synced->crc) {
      return absl::OkStatus();
    }
    if (end.valid_bytes < synced->bytes && IsOfAnEarlierMoment(end)) {
      inspection_.notes.push_back(fmt::format(
          "kv/{} was copied while it was written: it has {} of the {} bytes that were synced when "
          "the rest was copied. The store opens as it was then",
          name, end.valid_bytes, synced->bytes));
      return absl::OkStatus();
    }
    if (bytes.size() < synced->bytes) {
      return Damaged(
          fmt::format("kv/{} has {} bytes, of which {} were synced: acknowledged data "
                      "is missing from its end",
                      name, bytes.size(), synced->bytes));
    }
    return Damaged(fmt::format("the first {} bytes of kv/{} are not those that were synced",
                               synced->bytes, name));
  }

  // Whether a file looks as it does while it is being written: longer than its records, by zeros.
  // A record may end at a page then, where the writer was when the file was read.
  static bool IsOfAnEarlierMoment(const RocksLogEnd& end) {
    constexpr uint64_t kPageBytes = 4096;
    if (end.file_bytes == 0 || end.file_bytes % kFileStepBytes != 0) return false;
    if (end.data_bytes >= end.file_bytes) return false;
    return end.clean() || (end.cut_off && !end.record_behind && end.data_bytes % kPageBytes == 0);
  }

  // Refuses damage in the middle; an end that was never synced is noted.
  absl::Status Judge(const std::string& name, const RocksLogEnd& end, bool synced_before = false) {
    if (end.clean()) return absl::OkStatus();
    if (end.record_behind && !synced_before) {
      return Damaged(fmt::format("kv/{} has {}, and a record behind it at {}", name,
                                 end.break_reason, *end.record_behind));
    }
    inspection_.notes.push_back(fmt::format(kTornNote, "kv/" + name, end.break_reason));
    return absl::OkStatus();
  }

  void Keep(SyncedKind kind, uint64_t number, std::string_view bytes) {
    inspection_.synced.files.push_back({kind, number, bytes.size(), Crc32c(bytes)});
  }

  absl::Status ReadManifest() {
    CAIRN_ASSIGN_OR_RETURN(const std::string current, Read("CURRENT"));
    const std::optional<uint64_t> number = ParseCurrent(current);
    if (!number) return Damaged("kv/CURRENT does not name a MANIFEST");
    const std::string name = current.substr(0, current.size() - 1);
    CAIRN_ASSIGN_OR_RETURN(const std::string bytes, Read(name));
    const auto applied = ScanRocksLog(
        bytes, [this](uint64_t offset, std::string_view edit) { return ApplyEdit(offset, edit); });
    if (!applied.ok()) return applied.status();
    CAIRN_RETURN_IF_ERROR(CheckWitness(name, SyncedKind::kManifest, *number, bytes, *applied));
    if (applied->valid_bytes == 0) return Damaged(fmt::format("kv/{} has no edit", name));
    // Several edits are written before one sync; the record of what was synced is synced with it.
    const SyncedFile* synced = Synced(SyncedKind::kManifest, *number);
    const bool synced_before = synced != nullptr && applied->valid_bytes >= synced->bytes;
    CAIRN_RETURN_IF_ERROR(Judge(name, *applied, synced_before));
    Keep(SyncedKind::kManifest, *number, std::string_view(bytes).substr(0, applied->valid_bytes));
    return absl::OkStatus();
  }

  absl::Status ApplyEdit(uint64_t offset, std::string_view edit) {
    if (!knows_files_) return absl::OkStatus();
    const absl::Status status = manifest_.Apply(edit);
    if (absl::IsUnimplemented(status)) {
      knows_files_ = false;
      inspection_.notes.push_back(
          fmt::format("{}; files are not compared with it", std::string(status.message())));
      return absl::OkStatus();
    }
    return status.ok() ? status
                       : Damaged(fmt::format("{} at {}", std::string(status.message()), offset));
  }

  absl::Status CheckTables() const {
    for (const auto& [number, size] : manifest_.tables()) {
      const std::string name = fmt::format("{:06}.sst", number);
      std::error_code error;
      const uintmax_t found = fs::file_size(In(name), error);
      if (error) return Damaged(fmt::format("kv/{} is missing", name));
      if (found != size) {
        return Damaged(fmt::format("kv/{} has {} bytes instead of {}", name, found, size));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::pair<uint64_t, std::string>>> NeededLogs() const {
    std::vector<std::pair<uint64_t, std::string>> logs;
    std::error_code error;
    for (fs::directory_iterator it(directory_ + "/kv", error), end; !error && it != end;
         it.increment(error)) {
      const std::string name = it->path().filename().string();
      const auto parsed = ParseSyncedName(name);
      if (parsed && parsed->first == SyncedKind::kLog &&
          parsed->second >= manifest_.first_needed_log()) {
        logs.emplace_back(parsed->second, name);
      }
    }
    if (error) return FileError(error.value(), "list", directory_ + "/kv");
    std::sort(logs.begin(), logs.end());
    return logs;
  }

  absl::Status ReadLogs() {
    CAIRN_ASSIGN_OR_RETURN(const auto logs, NeededLogs());
    for (const auto& [number, name] : logs) {
      CAIRN_RETURN_IF_ERROR(ReadLog(number, name));
      present_logs_.push_back(number);
    }
    return absl::OkStatus();
  }

  absl::Status ReadLog(uint64_t number, const std::string& name) {
    CAIRN_ASSIGN_OR_RETURN(const std::string bytes, Read(name));
    const auto visit = [&](uint64_t offset, std::string_view record) {
      return Follow(name, offset, record);
    };
    const auto plausible = [this](std::string_view fragment) { return MayFollow(fragment); };
    CAIRN_ASSIGN_OR_RETURN(const RocksLogEnd end, ScanRocksLog(bytes, visit, plausible));
    CAIRN_RETURN_IF_ERROR(CheckWitness(name, SyncedKind::kLog, number, bytes, end));
    CAIRN_RETURN_IF_ERROR(Judge(name, end));
    Keep(SyncedKind::kLog, number, std::string_view(bytes).substr(0, end.valid_bytes));
    return absl::OkStatus();
  }

  // Batches are numbered without a gap, from one log to the next too.
  absl::Status Follow(const std::string& name, uint64_t offset, std::string_view record) {
    const auto header = ReadBatchHeader(record);
    if (!header) return Damaged(fmt::format("kv/{} has no batch at {}", name, offset));
    if (next_sequence_ && header->sequence != *next_sequence_) {
      return Damaged(
          fmt::format("commits are missing before kv/{} at {}: it goes on with number "
                      "{} instead of {}",
                      name, offset, header->sequence, *next_sequence_));
    }
    next_sequence_ = header->sequence + header->count;
    inspection_.revision = LastRevisionOf(record);
    return absl::OkStatus();
  }

  // Every commit ends with the last-revision record: a value of a family (tag 5), the number of
  // the family, key and value with their lengths. Source: RocksDB, db/write_batch.cc.
  static std::optional<Revision> LastRevisionOf(std::string_view record) {
    const Key key = LastRevisionKey();
    const std::string prefix =
        std::string(1, '\x01') + key.bytes + static_cast<char>(kEnvelopeHeaderBytes);
    const size_t bytes = prefix.size() + kEnvelopeHeaderBytes;
    if (record.size() < bytes) return std::nullopt;
    record.remove_prefix(record.size() - bytes);
    if (record.substr(0, prefix.size()) != prefix) return std::nullopt;
    const auto last = DecodeRecord(key.family, key.bytes, record.substr(prefix.size()));
    return last.ok() ? std::optional(last->mod_revision) : std::nullopt;
  }

  bool MayFollow(std::string_view fragment) const {
    const auto header = ReadBatchHeader(fragment);
    return header && header->sequence >= next_sequence_.value_or(0);
  }

  absl::Status CheckWitnessedLogs() const {
    if (!witness_) return absl::OkStatus();
    for (const SyncedFile& file : witness_->files) {
      if (file.kind != SyncedKind::kLog || file.bytes == 0 ||
          file.number < manifest_.first_needed_log()) {
        continue;
      }
      if (std::binary_search(present_logs_.begin(), present_logs_.end(), file.number)) continue;
      return Damaged(fmt::format("kv/{:06}.log is missing, of which {} bytes were synced",
                                 file.number, file.bytes));
    }
    return absl::OkStatus();
  }

  const std::string& directory_;
  const std::optional<SyncedState> witness_;
  RocksManifest manifest_;
  bool knows_files_ = true;
  std::optional<uint64_t> next_sequence_;
  std::vector<uint64_t> present_logs_;
  DatabaseInspection inspection_;
};

}  // namespace

absl::StatusOr<DatabaseInspection> InspectDatabase(const std::string& directory) {
  return Inspector(directory).Run();
}

}  // namespace cairn::storage
