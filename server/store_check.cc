#include "server/store_check.h"

#include <cstdio>
#include <string>
#include <string_view>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_audit.h"
#include "server/audit/audit_check.h"
#include "server/known_revision.h"
#include "server/storage/store_reader.h"

namespace cairn {
namespace {

void Print(std::string_view kind, std::string_view what) {
  std::printf("%s: %.*s\n", std::string(kind).c_str(), static_cast<int>(what.size()), what.data());
  std::fflush(stdout);
}

}  // namespace

absl::StatusOr<int64_t> CheckStore(const ServerOptions& options) {
  int64_t damage_count = 0;
  const auto damage = [&damage_count](std::string_view what) {
    ++damage_count;
    Print("damage", what);
  };
  const auto note = [](std::string_view what) { Print("note", what); };
  storage::RocksOptions rocks;
  rocks.directory = options.data_dir;
  rocks.on_warning = note;
  ExpectCheckpointRevision(options.data_dir, rocks);
  const auto store = storage::StoreReader::Open(rocks);
  if (absl::IsDataLoss(store.status())) {
    damage(std::string(store.status().message()));
    return damage_count;
  }
  CAIRN_RETURN_IF_ERROR(store.status());
  const int64_t tables = (*store)->CheckTables(damage);
  const storage::CheckedRecords records = storage::CheckRecords(**store, damage);
  CAIRN_ASSIGN_OR_RETURN(
      const artifacts::AuditedBlobs blobs,
      artifacts::AuditBlobs(*(*store)->GetSnapshot(), options.data_dir + "/packs", damage));
  const auto audited = audit::CheckAudit((*store)->GetSnapshot());
  if (!audited.ok() && !absl::IsDataLoss(audited.status())) return audited.status();
  if (!audited.ok()) damage(std::string(audited.status().message()));
  if (audited.ok()) {
    for (const int64_t entry : audited->lost_keys) {
      note(
          fmt::format("from entry {} of the audit on, a key signs that nobody vouched for", entry));
    }
  }
  const std::string line = fmt::format(
      "checked tables={} records={} events={} audit={} decisions={} packs={} blobs={} bytes={} "
      "damage={}",
      tables, records.records, records.events, audited.ok() ? audited->entries : 0,
      audited.ok() ? audited->decisions : 0, blobs.packs, blobs.blobs, blobs.bytes, damage_count);
  std::printf("%s\n", line.c_str());
  return damage_count;
}

}  // namespace cairn
