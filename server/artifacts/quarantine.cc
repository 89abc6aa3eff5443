#include "server/artifacts/quarantine.h"

#include <optional>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "server/artifacts/blob_reader.h"
#include "server/observability/log.h"

namespace cairn::artifacts {
namespace {

std::optional<storage::WriteSet> PlanQuarantine(const storage::KvStore& store, const Digest& digest,
                                                storage::Revision revision) {
  storage::Revision now = 0;
  auto entry = ReadBlobEntry(*store.GetSnapshot(), digest, &now);
  if (!entry.ok() || now != revision || entry->quarantined()) return std::nullopt;
  observability::Log(observability::LogLevel::kError, "a blob is damaged and put in quarantine",
                     {{"sha256", digest.Hex()}, {"size_bytes", std::to_string(digest.size_bytes)}});
  entry->set_quarantined(true);
  storage::WriteSet set;
  PutEntry(digest, revision, *entry, set);
  return set;
}

}  // namespace

absl::Status Quarantine(storage::KvStore& store, const Digest& digest, storage::Revision revision) {
  auto set = PlanQuarantine(store, digest, revision);
  if (!set.has_value()) return absl::OkStatus();
  absl::Status committed = store.CommitAndWait(*std::move(set)).status();
  return HasReason(committed, ErrorReason::COMMIT_CONFLICT) ? absl::OkStatus() : committed;
}

}  // namespace cairn::artifacts
